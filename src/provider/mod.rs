//! The providers whose signatures the crate knows, one constructor each.
//!
//! Each takes one secret, as the provider shows it, or several while one is being rotated, and has
//! a fallible twin (`try_…`) for secrets that come from users or a database. The README lists them
//! all; [`all`] does so for programs, and [`find`] finds one by its id.
//!
//! ```
//! use tower_webhook::{Secret, WebhookLayer, provider};
//!
//! let secret: Secret = "It's a Secret to Everybody".parse()?;
//! let layer = WebhookLayer::with_verifier(provider::github(secret));
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```
//!
//! For any other provider build a [`Scheme`](crate::verify::Scheme), or write a
//! [`Verifier`](crate::verify::Verifier).

mod body;
mod combined;
mod facts;
mod handshake;
mod hash;
mod notifyer;
mod separate;
mod standard;
mod token;
mod url;

pub use self::{
    body::*,
    combined::*,
    facts::Provider,
    hash::*,
    notifyer::{notifyer, try_notifyer},
    separate::*,
    standard::*,
    token::*,
    url::*,
};

/// Every provider, grouped by the shape of its signatures.
pub fn all() -> impl Iterator<Item = &'static Provider> {
    let files: [&[&'static Provider]; _] = [
        standard::ALL,
        body::ALL,
        combined::ALL,
        separate::ALL,
        hash::ALL,
        url::ALL,
        token::ALL,
        notifyer::ALL,
    ];
    files.into_iter().flatten().copied()
}

/// The provider of this id, such as `stripe`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Provider> {
    all().find(|provider| provider.id == id)
}
