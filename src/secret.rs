//! Signing secrets: [`Secret`] and, for rotation, [`Secrets`].
//!
//! ```
//! use tower_webhook::{Secret, Secrets};
//!
//! let new: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let old: Secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?;
//! assert_eq!(format!("{new:?}"), "Secret(..)");
//!
//! // While a secret is being rotated both are accepted.
//! let both = Secrets::from([new, old]);
//! assert_eq!(both.len(), 2);
//! assert!("".parse::<Secret>().is_err());
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```

use std::{borrow::Cow, error::Error, fmt, slice, str::FromStr};

use zeroize::Zeroizing;

/// A signing secret, as the provider shows it to its user.
///
/// It is text: how the key's bytes are made of it is the provider's affair and is never guessed
/// (Standard Webhooks decodes base64 after `whsec_`; others use the whole string as it stands).
/// For asymmetric providers it is the public key.
///
/// `Debug` shows nothing of it, there is no `Display`, and its memory is overwritten when dropped.
///
/// # Errors
///
/// Parsing fails on text that is empty or only white space.
#[derive(Clone)]
pub struct Secret {
    text: Zeroizing<Box<str>>,
    key_id: Option<Box<str>>,
}

impl Secret {
    /// Names the secret, for providers that say in a header which of several keys they signed with.
    #[must_use]
    pub fn with_key_id(mut self, key_id: impl Into<Box<str>>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    /// The name given with [`with_key_id`](Self::with_key_id).
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The secret itself, for a verifier of one's own. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl FromStr for Secret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        if text.trim().is_empty() {
            return Err(InvalidSecret::new("it is empty"));
        }
        Ok(Self { text: Zeroizing::new(text.into()), key_id: None })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// One or more [`Secret`]s, all of which are accepted: what a rotation needs.
///
/// There is always at least one. Put the newest first: [`Delivery::secret_index`] then tells
/// whether the old one is still in use. Each further secret costs one more MAC a delivery.
///
/// [`Delivery::secret_index`]: crate::Delivery::secret_index
#[derive(Clone)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// The secrets in the order given.
    pub fn iter(&self) -> slice::Iter<'_, Secret> {
        self.0.iter()
    }

    pub(crate) fn as_slice(&self) -> &[Secret] {
        &self.0
    }

    /// How many there are: one at least.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl<'a> IntoIterator for &'a Secrets {
    type Item = &'a Secret;
    type IntoIter = slice::Iter<'a, Secret>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Secret> for Secrets {
    fn from(secret: Secret) -> Self {
        Self(vec![secret])
    }
}

impl<const N: usize> From<[Secret; N]> for Secrets {
    fn from(secrets: [Secret; N]) -> Self {
        const { assert!(N >= 1, "at least one secret is needed") };
        Self(secrets.into())
    }
}

/// All that is [`Into<Secrets>`](Secrets), by a name for which the compiler can say what to do instead.
///
/// Text is not: it may be empty, and so is parsed, by `"…".parse::<Secret>()?`. Nor is a `Vec`, which
/// may have nothing in it: `Secrets::try_from(vec)?`. Types of one's own are, by a `From`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a signing secret",
    label = "expected a `Secret`, or an array of them",
    note = "a secret is parsed from its text, which must not be empty: `\"…\".parse::<Secret>()?`",
    note = "several that came in a `Vec` are `Secrets::try_from(vec)?`"
)]
pub trait IntoSecrets {
    /// The secrets, in the order given.
    fn into_secrets(self) -> Secrets;
}

#[diagnostic::do_not_recommend]
impl<S: Into<Secrets>> IntoSecrets for S {
    fn into_secrets(self) -> Secrets {
        self.into()
    }
}

impl TryFrom<Vec<Secret>> for Secrets {
    type Error = InvalidSecret;

    fn try_from(secrets: Vec<Secret>) -> Result<Self, InvalidSecret> {
        if secrets.is_empty() {
            return Err(InvalidSecret::new("there is none"));
        }
        Ok(Self(secrets))
    }
}

/// A secret that cannot be used: empty, or not in the encoding its provider gives it in.
///
/// It says what is wrong and with which secret, and shows nothing of the secret itself.
#[derive(Clone, Debug)]
pub struct InvalidSecret {
    index: Option<usize>,
    reason: Cow<'static, str>,
}

impl InvalidSecret {
    /// An error that says `reason`, for a verifier of one's own. Do not put the secret in it.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { index: None, reason: reason.into() }
    }

    /// Says which of several secrets it is, counted from 0.
    #[must_use]
    pub fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }
}

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "signing secret {index} cannot be used: {}", self.reason),
            None => write!(f, "the signing secret cannot be used: {}", self.reason),
        }
    }
}

impl Error for InvalidSecret {}

/// The panic of constructors that are documented to panic on a misconfigured secret.
#[track_caller]
#[allow(clippy::panic, reason = "the one documented panic: a misconfigured secret, at start-up")]
pub(crate) fn usable<T>(built: Result<T, InvalidSecret>) -> T {
    match built {
        Ok(verifier) => verifier,
        Err(error) => panic!("{error}"),
    }
}
