//! Typed payloads of Notifyer and Amazon SNS.
//!
//! ```
//! use tower_webhook::{Secret, WebhookLayer, payload::notifyer::Notification, provider};
//!
//! let secret: Secret = "the endpoint's signature_secret".parse()?;
//! let layer = WebhookLayer::with_verifier(provider::notifyer(secret)).json::<Notification>();
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```

pub(crate) mod lenient;
pub mod notifyer;
#[cfg(feature = "asymmetric")]
#[cfg_attr(docsrs, doc(cfg(feature = "asymmetric")))]
pub mod sns;
