//! Helpers for hand-written verifiers, for signatures that no scheme describes.

use std::{fmt, marker::PhantomData, time::SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, request::Parts};
use md5::Md5;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use sha2::{Digest, Sha256};

#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Signer};
use crate::{
    InvalidSecret, Secret, Secrets,
    verify::{
        Candidates, Check, Finish, Keyring, MacKind, Macs, Profile, RequestContext, Verified, Verifier,
        VerifyError, matching_token, optional_header,
    },
};

/// Creates a verifier from keys, a profile and the provider's methods.
#[allow(clippy::unnecessary_wraps, reason = "the same type as other constructors")]
pub(super) fn verifier(
    keys: Keyring,
    profile: Profile,
    methods: Methods,
) -> Result<Box<dyn ByHandVerifier>, InvalidSecret> {
    Ok(Box::new(ByHand { keys, profile, methods }))
}

/// The provider's functions, from which [`verifier`] builds a [`Verifier`].
pub(super) struct Methods {
    /// Begins the verification of a request; see [`Verifier::begin`].
    pub(super) begin: for<'a> fn(&'a Keyring, &RequestContext<'a>) -> CheckResult<'a>,
    #[cfg(feature = "test-util")]
    pub(super) sign: fn(&Keyring, &mut Parts, &mut Bytes, SystemTime) -> Result<(), CannotSign>,
}

/// A hand-written verifier, which can also sign with the feature `test-util`.
#[cfg(feature = "test-util")]
pub(crate) trait ByHandVerifier: Verifier + Signer {}

#[cfg(feature = "test-util")]
impl<V: Verifier + Signer> ByHandVerifier for V {}

/// A hand-written verifier.
#[cfg(not(feature = "test-util"))]
pub(crate) trait ByHandVerifier: Verifier {}

#[cfg(not(feature = "test-util"))]
impl<V: Verifier> ByHandVerifier for V {}

struct ByHand {
    keys: Keyring,
    profile: Profile,
    methods: Methods,
}

pub(super) type CheckResult<'a> = Result<Box<dyn Check + 'a>, VerifyError>;

impl Verifier for ByHand {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> CheckResult<'a> {
        (self.methods.begin)(&self.keys, request)
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(feature = "test-util")]
impl Signer for ByHand {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        (self.methods.sign)(&self.keys, head, body, at)
    }
}

impl fmt::Debug for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByHand").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// A hash that receives the body as it arrives. The implementation for `()` ignores the body, for providers
/// that need the complete body first.
pub(super) trait Feed: Send {
    fn feed(&mut self, bytes: &[u8]);
}

impl Feed for () {
    fn feed(&mut self, _: &[u8]) {}
}

impl Feed for Macs<'_> {
    fn feed(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl Feed for Md5 {
    fn feed(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl Feed for Sha256 {
    fn feed(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

/// Creates a check that feeds the body to `hash`, then calls `finish` with the hash and the complete body.
pub(super) fn check<'a, H, F>(hash: H, signed_at: Option<SystemTime>, finish: F) -> CheckResult<'a>
where
    H: Feed + 'a,
    F: FnOnce(H, &[u8]) -> Result<Verified, VerifyError> + Send + 'a,
{
    Ok(Box::new(HashingCheck { hash, signed_at, finish }))
}

struct HashingCheck<H, F> {
    hash: H,
    signed_at: Option<SystemTime>,
    finish: F,
}

impl<H, F> Check for HashingCheck<H, F>
where
    H: Feed,
    F: FnOnce(H, &[u8]) -> Result<Verified, VerifyError> + Send,
{
    fn timestamp(&self) -> Option<SystemTime> {
        self.signed_at
    }

    fn update(&mut self, bytes: &[u8]) {
        self.hash.feed(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        (self.finish)(self.hash, body).into()
    }
}

/// Returns the value of an optional header, which must not be repeated. An empty value counts as absent.
pub(super) fn optional_value<'a>(
    head: &'a Parts,
    name: &HeaderName,
) -> Result<Option<&'a [u8]>, VerifyError> {
    let value = optional_header(&head.headers, name)?;
    Ok(value.map(HeaderValue::as_bytes).filter(|value| !value.is_empty()))
}

/// Returns the value of a header that must be present once and must not be empty.
pub(super) fn required_value<'a>(head: &'a Parts, name: &HeaderName) -> Result<&'a [u8], VerifyError> {
    optional_value(head, name)?.ok_or_else(|| VerifyError::missing_header(name))
}

/// Verifies that the signature covers one of several texts, for a provider whose signed content is ambiguous.
pub(super) fn verify_any<T>(
    keys: &Keyring,
    candidates: &Candidates,
    texts: impl IntoIterator<Item = T>,
    feed: impl Fn(&mut Macs<'_>, T),
) -> Result<Verified, VerifyError> {
    let mut verdict = Err(VerifyError::wrong("signed content is missing"));
    for text in texts {
        let mut macs = keys.begin(None);
        feed(&mut macs, text);
        verdict = macs.verify(candidates);
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

/// Removes the MAC, which otherwise serves as the digest of the body. Call this function if the MAC does not
/// cover exactly the body.
pub(super) fn without_mac(verified: Verified) -> Verified {
    Verified { mac: None, ..verified }
}

/// A string, a number or a boolean, as text.
pub(super) struct Scalar(pub(super) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar(text))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Scalar, E> {
        Ok(Scalar(truth.to_string()))
    }

    /// Reads a number. It arrives as a map if a crate in the build enables `serde_json/arbitrary_precision`.
    /// Rejects other maps.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Scalar(number.to_string()))
    }
}

/// A struct that deserializes only from a JSON object. A derived `Deserialize` also accepts an array, which
/// handlers would not read as the same fields.
#[derive(Default)]
pub(super) struct JsonObject<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for JsonObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(JsonObjectVisitor(PhantomData))
    }
}

struct JsonObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for JsonObjectVisitor<T> {
    type Value = JsonObject<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<JsonObject<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(JsonObject)
    }
}

/// Percent-encodes all bytes except ASCII letters, ASCII digits and those in `kept`.
pub(super) fn percent_encode(bytes: &[u8], kept: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push(hex_digit(byte >> 4));
            escaped.push(hex_digit(byte & 0xf));
        }
    }
    escaped
}

fn hex_digit(value: u8) -> char {
    char::from_digit(value.into(), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

/// Marks the id, the event type and the body as not signed, for a provider that sends its secret instead of a
/// signature.
pub(super) fn token_profile(profile: Profile) -> Profile {
    profile.with_id_signed(false).with_event_type_signed(false).with_body_signed(false)
}

/// The secrets of a provider that sends the secret itself as a token.
pub(super) struct Tokens {
    pub(super) secrets: Secrets,
    keys: Keyring,
}

impl Tokens {
    pub(super) fn new(secrets: Secrets) -> Self {
        // The keys are used only for their fingerprints.
        Self { keys: Keyring::of_text(MacKind::HmacSha256, &secrets), secrets }
    }

    #[cfg(feature = "test-util")]
    pub(super) fn first(&self) -> Result<&str, CannotSign> {
        let text = self.secrets.as_slice().first().and_then(Secret::expose_str);
        text.ok_or_else(|| CannotSign::new("token is not text"))
    }

    /// Verifies that `sent` is one of the secrets.
    pub(super) fn verify(&self, sent: &[u8]) -> Result<Verified, VerifyError> {
        let index = matching_token(self.secrets.iter().map(Secret::expose), sent);
        index
            .map(|index| self.keys.verified(index))
            .ok_or(VerifyError::wrong("token mismatch: no secret matches"))
    }
}

#[cfg(test)]
mod tests {
    use super::percent_encode;

    #[test]
    fn other_bytes_are_percent_encoded() {
        assert_eq!(percent_encode("a Z0-é%".as_bytes(), b"-"), "a%20Z0-%C3%A9%25");
    }
}
