//! The providers whose signatures the crate knows, one constructor each.
//!
//! | id | constructor | signs | delivery id |
//! |---|---|---|---|
//! | `standard-webhooks` | [`standard_webhooks`] | id, timestamp and body | `webhook-id`, signed |
//! | `github` | [`github`] | body | `X-GitHub-Delivery`, not signed |
//! | `notifyer` | [`notifyer`] | body, or nothing (a token) | made of the body |
//!
//! Each takes one secret, or several while one is being rotated, and has a fallible twin
//! (`try_…`) for secrets that come from users or a database.
//!
//! ```
//! use tower_webhook::{Secret, WebhookLayer, provider};
//!
//! let secret: Secret = "It's a Secret to Everybody".parse()?;
//! let layer = WebhookLayer::with_verifier(provider::github(secret));
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```

mod github;
mod notifyer;
mod standard_webhooks;

use http::{HeaderName, request::Parts};

pub use self::{
    github::{github, try_github},
    notifyer::{notifyer, try_notifyer},
    standard_webhooks::{standard_webhooks, try_standard_webhooks},
};
use crate::verify::VerifyError;

/// The one value of a header that must be there once.
fn single<'h>(head: &'h Parts, name: &'static HeaderName) -> Result<&'h [u8], VerifyError> {
    let mut values = head.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value.as_bytes()),
        (None, _) => Err(VerifyError::missing(format!("there is no {name} header"))),
        // Which one was signed, and which one would others read? Not a question to guess at.
        (Some(_), Some(_)) => Err(VerifyError::malformed(format!("there are several {name} headers"))),
    }
}
