//! Signing of requests as providers do, for tests.

mod write;

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::request::Parts;

pub(crate) use self::write::{
    Write, any_form_with, form_with, hide, json_with, made_up, made_up_number, read_json,
};
use super::{Profile, VerifyError};

/// A verifier that can also sign requests as its provider does, for [`testing::sign`](crate::testing::sign)
/// and [`testing::post`](crate::testing::post).
///
/// Verifiers with a shared secret can sign if they are from a [`provider`](crate::provider) or a
/// [`Scheme`](crate::verify::Scheme). [`from_fn`](crate::verify::from_fn) verifiers can sign if
/// [`sign_with`](crate::verify::FromFn::sign_with) is set. Verifiers with a public key can sign if the key is
/// from [`testing::key_pair`](crate::testing::key_pair). Verifiers that fetch their keys return an error.
/// Implement the trait for your own [`Verifier`](crate::verify::Verifier):
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, request::Parts};
/// use tower_webhook::{testing::{self, CannotSign, Signer}, verify::Profile};
/// use std::time::SystemTime;
///
/// struct Acme(Profile);
///
/// impl Signer for Acme {
///     fn facts(&self) -> &Profile {
///         &self.0
///     }
///
///     fn sign(&self, head: &mut Parts, body: &mut Bytes, _at: SystemTime) -> Result<(), CannotSign> {
///         head.headers.insert("x-acme-length", body.len().into()); // use a real MAC instead
///         Ok(())
///     }
/// }
///
/// let request = testing::sign(&Acme(Profile::new("acme")), Request::new("{}"))?;
/// assert_eq!(request.headers()["x-acme-length"], "2");
/// # Ok::<(), CannotSign>(())
/// ```
pub trait Signer {
    /// Returns the profile, which contains the locations of the delivery id and the event type.
    fn facts(&self) -> &Profile;

    /// Signs a request as the provider would at the time `at`.
    ///
    /// Keeps the signed values that the request already has, adds those that are missing, and replaces an
    /// existing signature.
    ///
    /// # Errors
    ///
    /// Returns an error if the request cannot be signed.
    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign>;
}

macro_rules! pointers_sign {
    ($($pointer:ty),+) => {$(
        impl<S: Signer + ?Sized> Signer for $pointer {
            fn facts(&self) -> &Profile {
                (**self).facts()
            }

            fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
                (**self).sign(head, body, at)
            }
        }
    )+};
}
pointers_sign!(&S, Arc<S>, Box<S>);

/// The error for a request that could not be signed.
#[derive(Clone, Debug)]
pub struct CannotSign(Cow<'static, str>);

impl CannotSign {
    /// Creates an error with the given reason. Do not include the secret.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }

    /// Creates the error of a provider that signs with a private key.
    #[cfg(feature = "asymmetric")]
    pub(crate) fn public_key() -> Self {
        Self::new("provider signs with a private key, and the verifier has only the public key")
    }
}

impl From<VerifyError> for CannotSign {
    /// Converts the error of a verifier. The verifier was signing a request, and could not read one of the
    /// values to sign.
    fn from(error: VerifyError) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for CannotSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request cannot be signed: {}", self.0)
    }
}

impl Error for CannotSign {}
