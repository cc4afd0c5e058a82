//! Signing secrets: [`Secret`] and, for rotation, [`Secrets`].
//!
//! ```
//! use tower_webhook::{Secret, Secrets};
//!
//! let new: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let old: Secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?;
//! assert_eq!(format!("{new:?}"), "Secret(..)");
//!
//! // During a rotation both secrets are accepted.
//! let both = Secrets::from([new, old]);
//! assert_eq!(both.len(), 2);
//! assert!("".parse::<Secret>().is_err());
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```

mod deserialize;
mod source;

use std::{borrow::Cow, error::Error, fmt, mem, slice, str::FromStr};
#[cfg(all(feature = "test-util", feature = "asymmetric"))]
use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
};

use zeroize::Zeroizing;

/// A signing secret: its text as the provider shows it, or the raw key.
///
/// The provider's constructor decides how a text becomes a key: Standard Webhooks decodes base64 after
/// `whsec_`, and many others use the text unchanged. The encoding is never guessed.
/// [`from_bytes`](Self::from_bytes) accepts a raw key. For asymmetric providers the secret is the public key.
///
/// Create it with [`from_env`](Self::from_env), [`from_file`](Self::from_file), `parse`, `try_into` or serde.
/// White space around a text is an error, because it is usually a copying mistake. The same applies to a byte
/// order mark (U+FEFF) and a zero-width space (U+200B). Around PEM, all of these are removed.
///
/// `Debug` reveals nothing, and neither `Display` nor `Serialize` is implemented. The memory of the secret is
/// overwritten on drop.
///
/// ```
/// use tower_webhook::Secret;
///
/// let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
/// let padded = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw ".parse::<Secret>().unwrap_err();
/// assert!(padded.to_string().contains("white space"));
/// # Ok::<(), tower_webhook::InvalidSecret>(())
/// ```
///
/// # Deserialization
///
/// A secret is deserialized from a string, or from `{ "id": …, "secret": … }`, whose `id` becomes the [key
/// id](Self::with_key_id). The crate's errors never contain the secret. The format must be self-describing,
/// like JSON, TOML and YAML. Quote secrets that consist of digits.
///
/// **The format's own error may print the line that could not be parsed, and with it the secret.** For
/// example, the `Display` of `toml`'s error prints that line: log the error's `message()` instead.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     webhook_secret: tower_webhook::Secret,
/// }
///
/// let settings: Settings = serde_json::from_str(r#"{ "webhook_secret": "It's a Secret to Everybody" }"#)?;
/// assert_eq!(settings.webhook_secret.expose_str(), Some("It's a Secret to Everybody"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
///
/// Conversions fail on empty text, and on text other than PEM that begins or ends with white space or an
/// invisible character.
#[derive(Clone)]
pub struct Secret {
    value: Value,
    key_id: Option<Box<str>>,
    /// The private key, if the secret is the public key of a generated pair.
    #[cfg(all(feature = "test-util", feature = "asymmetric"))]
    sign_with: Option<SignWith>,
}

/// A function that signs a message with a private key, in tests. With these bounds, the feature `test-util`
/// does not change the auto traits of [`Secret`].
#[cfg(all(feature = "test-util", feature = "asymmetric"))]
pub(crate) type SignWith = Arc<dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + UnwindSafe + RefUnwindSafe>;

#[derive(Clone)]
enum Value {
    Text(Zeroizing<String>),
    Key(Zeroizing<Vec<u8>>),
}

impl Secret {
    /// Creates a secret from a raw key, for instance from a key management service.
    ///
    /// The bytes are the MAC key, the token, or the public key (32 bytes for Ed25519, DER for ECDSA and RSA).
    /// Constructors use the bytes unchanged: they do not decode base64 or hex, remove a prefix, or hash the
    /// bytes. Other copies of the key in the caller's memory are not overwritten.
    ///
    /// ```
    /// use tower_webhook::{Secret, WebhookLayer};
    ///
    /// let key: [u8; 24] = *b"24 bytes, base64 decoded";
    /// let layer = WebhookLayer::try_new(Secret::from_bytes(key)?)?;
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if `key` is empty. Constructors that need PEM or a JWK, or that take either an HMAC
    /// key or a public key, return [`InvalidSecret`] for a secret that is a raw key.
    pub fn from_bytes(key: impl Into<Vec<u8>>) -> Result<Self, InvalidSecret> {
        let key = Zeroizing::new(key.into());
        match key.is_empty() {
            true => Err(InvalidSecret::new("key is empty")),
            false => Ok(Self::of(Value::Key(key))),
        }
    }

    fn of(value: Value) -> Self {
        Self {
            value,
            key_id: None,
            #[cfg(all(feature = "test-util", feature = "asymmetric"))]
            sign_with: None,
        }
    }

    /// Adds the private key.
    #[cfg(all(feature = "test-util", feature = "asymmetric"))]
    pub(crate) fn with_private_key(mut self, sign: SignWith) -> Self {
        self.sign_with = Some(sign);
        self
    }

    #[cfg(all(feature = "test-util", feature = "asymmetric"))]
    pub(crate) fn sign_with(&self) -> Option<&SignWith> {
        self.sign_with.as_ref()
    }

    /// Sets the key id, for providers that name the signing key in each request.
    #[must_use]
    pub fn with_key_id(mut self, key_id: impl Into<Box<str>>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    /// Returns the key id set with [`with_key_id`](Self::with_key_id).
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Returns the bytes of the text or of the key, for a custom verifier. Do not log them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        match &self.value {
            Value::Text(text) => text.as_bytes(),
            Value::Key(key) => key,
        }
    }

    /// Returns the text, for a custom verifier that decodes it. Do not log it.
    ///
    /// `None` if the secret was created with [`from_bytes`](Self::from_bytes), even if the key is UTF-8,
    /// because a raw key must not be decoded.
    #[must_use]
    pub fn expose_str(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Key(_) => None,
        }
    }
}

impl FromStr for Secret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        text.to_owned().try_into()
    }
}

impl TryFrom<&str> for Secret {
    type Error = InvalidSecret;

    fn try_from(text: &str) -> Result<Self, InvalidSecret> {
        text.parse()
    }
}

impl TryFrom<String> for Secret {
    type Error = InvalidSecret;

    fn try_from(text: String) -> Result<Self, InvalidSecret> {
        let text = Zeroizing::new(text);
        let trimmed = text.trim_matches(is_blank);
        if trimmed.is_empty() {
            return Err(InvalidSecret::new("text is empty"));
        }
        if trimmed.len() == text.len() {
            return Ok(Self::of(Value::Text(text)));
        }
        match trimmed.starts_with("-----BEGIN ") {
            true => trimmed.parse(),
            false if text.trim().len() == text.len() => {
                Err(InvalidSecret::new("text begins or ends with an invisible character (U+FEFF or U+200B)"))
            }
            false => Err(InvalidSecret::new("text begins or ends with white space")),
        }
    }
}

/// Returns whether the character is white space, a byte order mark (inserted by editors), or a zero-width
/// space (copied from web pages).
fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}')
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// One or more [`Secret`]s, all of which are accepted, for secret rotation.
///
/// The list is never empty. Put the newest secret first: [`Delivery::secret_index`] then shows whether the
/// old one is still in use. Each additional secret costs one more MAC per delivery. Equal secrets are
/// allowed.
///
/// `Secrets` is deserialized from one [`Secret`] or from a list of them:
///
/// ```
/// use tower_webhook::Secrets;
///
/// let one: Secrets = serde_json::from_str(r#""new""#)?;
/// let several: Secrets = serde_json::from_str(r#"["new", { "id": "2025", "secret": "old" }]"#)?;
/// assert_eq!((one.len(), several.len()), (1, 2));
///
/// let error = serde_json::from_str::<Secrets>(r#"["new", "old "]"#).unwrap_err();
/// assert!(error.to_string().starts_with("signing secret 1 cannot be used: "));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// [`Delivery::secret_index`]: crate::Delivery::secret_index
#[derive(Clone)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Returns an iterator over the secrets, in the order given.
    pub fn iter(&self) -> slice::Iter<'_, Secret> {
        self.0.iter()
    }

    pub(crate) fn as_slice(&self) -> &[Secret] {
        &self.0
    }

    /// Returns the number of secrets, at least one.
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

/// A conversion into [`Secrets`], implemented for every type that is `Into<Secrets>`.
///
/// For any other type, the compiler's error explains how to create secrets.
///
/// Strings do not implement this trait, because they may be empty: use `"…".parse::<Secret>()?`,
/// [`Secret::from_env`] or [`Secret::from_file`]. Neither does `Vec`, for the same reason: use
/// `Secrets::try_from(vec)?`. To convert your own type, implement `From` of that type for [`Secrets`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a signing secret",
    label = "expected a `Secret`, or an array of them",
    note = "parse a secret from its text, which must not be empty: `\"…\".parse::<Secret>()?`",
    note = "from the environment or a file: `Secret::from_env(\"NAME\")?` or `Secret::from_file(path)?`",
    note = "for a `Vec` of secrets or strings: `Secrets::try_from(vec)?`"
)]
pub trait IntoSecrets {
    /// Returns the secrets, in the order given.
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
            return Err(InvalidSecret::new("list is empty"));
        }
        Ok(Self(secrets))
    }
}

impl TryFrom<Vec<String>> for Secrets {
    type Error = InvalidSecret;

    fn try_from(texts: Vec<String>) -> Result<Self, InvalidSecret> {
        let mut texts = Zeroizing::new(texts);
        let secret = |(index, text): (usize, &mut String)| {
            Secret::try_from(mem::take(text)).map_err(|error| error.at(index))
        };
        texts.iter_mut().enumerate().map(secret).collect::<Result<Vec<_>, _>>()?.try_into()
    }
}

/// The error for a secret that cannot be used, for example because the secret is empty or has the wrong
/// encoding.
///
/// The error contains the reason and, for a list of secrets, the index, but no part of the secret.
#[derive(Clone, Debug)]
pub struct InvalidSecret {
    index: Option<usize>,
    reason: Cow<'static, str>,
}

impl InvalidSecret {
    /// Creates an error with the given reason, for custom verifiers. Do not include the secret.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { index: None, reason: reason.into() }
    }

    /// Sets the index of the secret, counted from 0.
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
            None => write!(f, "signing secret cannot be used: {}", self.reason),
        }
    }
}

impl Error for InvalidSecret {}

/// Panics if a secret cannot be used, for constructors that document this panic.
#[track_caller]
#[allow(clippy::panic, reason = "the one documented panic: a misconfigured secret, at start-up")]
pub(crate) fn usable<T>(built: Result<T, InvalidSecret>) -> T {
    match built {
        Ok(verifier) => verifier,
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may panic")]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN PUBLIC KEY-----\nAQIDBA==\n-----END PUBLIC KEY-----";

    #[test]
    fn each_conversion_accepts_text() -> Result<(), InvalidSecret> {
        for secret in ["a key".parse()?, Secret::try_from("a key")?, Secret::try_from("a key".to_owned())?] {
            assert_eq!((secret.expose(), secret.expose_str()), (&b"a key"[..], Some("a key")));
        }
        Ok(())
    }

    #[test]
    fn white_space_around_text_is_refused() {
        for text in ["hunter2 ", " hunter2", "hunter2\n", "\thunter2", "hunter2\u{a0}"] {
            let error = text.parse::<Secret>().unwrap_err().to_string();
            assert_eq!(error, "signing secret cannot be used: text begins or ends with white space");
        }
        for empty in ["", " ", "\n"] {
            let error = empty.parse::<Secret>().unwrap_err().to_string();
            assert_eq!(error, "signing secret cannot be used: text is empty");
        }
        assert!("two words".parse::<Secret>().is_ok());
        for text in ["\u{feff}hunter2", "hunter2\u{200b}", "\u{200b}hunter2\u{feff}"] {
            let error = text.parse::<Secret>().unwrap_err().to_string();
            assert!(error.ends_with("text begins or ends with an invisible character (U+FEFF or U+200B)"));
        }
        assert!("\u{feff}".parse::<Secret>().unwrap_err().to_string().ends_with("text is empty"));
        assert!("two\u{200b}words".parse::<Secret>().is_ok());
    }

    #[test]
    fn white_space_around_pem_is_trimmed() -> Result<(), InvalidSecret> {
        for text in
            [PEM.to_owned(), format!("{PEM}\n"), format!(" \r\n{PEM}\r\n"), format!("\u{feff}{PEM}\n")]
        {
            assert_eq!(Secret::try_from(text)?.expose_str(), Some(PEM));
        }
        Ok(())
    }

    #[test]
    fn from_bytes_never_yields_text() -> Result<(), InvalidSecret> {
        let key = Secret::from_bytes(*b" utf-8 \n")?;
        assert_eq!((key.expose(), key.expose_str()), (&b" utf-8 \n"[..], None));
        assert_eq!(Secret::from_bytes(vec![0xff, 0])?.expose(), [0xff, 0]);
        assert!(Secret::from_bytes([]).is_err());
        Ok(())
    }

    #[test]
    fn errors_of_lists_name_the_index_and_duplicates_are_accepted() -> Result<(), InvalidSecret> {
        let texts = |texts: &[&str]| {
            Secrets::try_from(texts.iter().map(|&text| text.into()).collect::<Vec<String>>())
        };
        assert_eq!(texts(&["same", "same"])?.len(), 2);
        let error = texts(&["new", "hunter2 ", "older"]).unwrap_err().to_string();
        assert_eq!(error, "signing secret 1 cannot be used: text begins or ends with white space");
        let error = texts(&[]).unwrap_err().to_string();
        assert_eq!(error, "signing secret cannot be used: list is empty");
        assert!(Secrets::try_from(Vec::<Secret>::new()).is_err());
        Ok(())
    }

    #[test]
    fn debug_shows_no_secret() -> Result<(), InvalidSecret> {
        let (text, key) = ("hunter2".parse::<Secret>()?.with_key_id("id"), Secret::from_bytes(*b"hunter2")?);
        assert_eq!(format!("{text:?} {key:?}"), "Secret(..) Secret(..)");
        assert_eq!(format!("{:?}", Secrets::from([text, key])), "Secrets(2)");
        Ok(())
    }
}
