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
//! A signature covers what its constructor lists as *Signed* and nothing else: by default not the method, the
//! URL or any header, so neither an event type nor an account's name that is in one.
//! [Threats](crate::guide::threats#what-else-is-not-covered) lists what a listener can change.
//!
//! For any other provider build a [`Scheme`](crate::verify::Scheme), or write a
//! [`Verifier`](crate::verify::Verifier): [choose a provider](crate::guide::providers) says how.

#[cfg(feature = "asymmetric")]
mod asymmetric;
#[cfg(feature = "asymmetric")]
mod aws_sns;
mod body;
mod body_apps;
mod body_asking;
mod body_money;
#[cfg(feature = "asymmetric")]
mod circle;
mod combined;
#[cfg(feature = "asymmetric")]
mod ebay;
mod facts;
#[cfg(feature = "asymmetric")]
mod fetched;
mod handshake;
mod hash;
#[cfg(feature = "jwt")]
mod jwt;
mod notifyer;
mod odd;
#[cfg(feature = "asymmetric")]
mod paypal;
mod separate;
mod standard;
mod token;
mod token_by_hand;
mod url;

#[cfg(feature = "jwt")]
#[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
pub use self::jwt::*;
#[cfg(feature = "asymmetric")]
#[cfg_attr(docsrs, doc(cfg(feature = "asymmetric")))]
pub use self::{
    asymmetric::*,
    aws_sns::{AwsSns, aws_sns},
    circle::{Circle, circle},
    ebay::{Ebay, ebay},
    paypal::{PayPal, paypal},
};
pub use self::{
    body::*,
    body_apps::*,
    body_asking::*,
    body_money::*,
    combined::*,
    facts::Provider,
    hash::*,
    notifyer::{notifyer, try_notifyer},
    odd::*,
    separate::*,
    standard::*,
    token::*,
    token_by_hand::*,
    url::*,
};

/// Every provider that is made of secrets alone, grouped by the shape of its signatures.
///
/// With the feature `asymmetric` there are also `aws_sns`, `circle`, `ebay` and `paypal`, whose
/// certificates or keys have to be fetched: they are made of an HTTP client besides.
pub fn all() -> impl Iterator<Item = &'static Provider> {
    let files: [&[&'static Provider]; _] = [
        standard::ALL,
        body::ALL,
        body_apps::ALL,
        body_asking::ALL,
        body_money::ALL,
        combined::ALL,
        separate::ALL,
        hash::ALL,
        url::ALL,
        token::ALL,
        token_by_hand::ALL,
        notifyer::ALL,
        #[cfg(feature = "asymmetric")]
        asymmetric::ALL,
        #[cfg(feature = "jwt")]
        jwt::ALL,
    ];
    files.into_iter().chain(odd::ALL).flatten().copied()
}

/// The provider of this id, such as `stripe`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Provider> {
    all().find(|provider| provider.id == id)
}
