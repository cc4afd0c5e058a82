//! Signing requests as providers do, for the test kit.

mod write;

use std::{borrow::Cow, error::Error, fmt};

pub(crate) use self::write::{Write, form_with, hide, json_with, made_up, made_up_number, read_json};
use super::VerifyError;

/// Why a request was not signed.
#[derive(Clone, Debug)]
pub struct CannotSign(Cow<'static, str>);

impl CannotSign {
    /// An error that says `reason`, for a verifier of one's own. Do not put the secret in it.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }

    /// The provider signs with a private key.
    #[cfg(feature = "asymmetric")]
    pub(crate) fn public_key() -> Self {
        Self::new("the provider signs with a private key, and the verifier has only the public one")
    }
}

impl From<VerifyError> for CannotSign {
    /// What a verifier would miss, or not take, in what is to be signed.
    fn from(error: VerifyError) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for CannotSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request cannot be signed: {}", self.0)
    }
}

impl Error for CannotSign {}
