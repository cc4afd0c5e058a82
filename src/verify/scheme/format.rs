//! The parts of a [`Scheme`](super::Scheme), in their serialized form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::verify::{InvalidLocation, Location, Locations, location::OneOrMany};

/// The algorithm of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with MD5. Known attacks on MD5 do not break it as a MAC, but use it only for providers that support
    /// no other hash.
    #[serde(rename = "hmac-md5")]
    HmacMd5,
    /// HMAC with SHA-1, which is still secure as a MAC.
    #[serde(rename = "hmac-sha1")]
    HmacSha1,
    /// HMAC with SHA-256.
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// HMAC with SHA-384.
    #[serde(rename = "hmac-sha384")]
    HmacSha384,
    /// HMAC with SHA-512.
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
    /// Plain SHA-1 of text that contains the secret (`{secret}` in the template).
    #[serde(rename = "hash-sha1")]
    Sha1,
    /// Plain SHA-256 of text that contains the secret (`{secret}` in the template).
    #[serde(rename = "hash-sha256")]
    Sha256,
    /// Plain SHA-512 of text that contains the secret (`{secret}` in the template).
    #[serde(rename = "hash-sha512")]
    Sha512,
    /// Ed25519. Requires the feature `asymmetric`, like ECDSA and RSA.
    Ed25519,
    /// ECDSA on the curve P-256 with SHA-256; the signature is ASN.1 DER.
    #[serde(rename = "ecdsa-p256-sha256")]
    EcdsaP256Sha256,
    /// RSA (PKCS #1 v1.5) with SHA-1 and keys of at least 1024 bits. Use it only for providers that support
    /// no other hash: an attacker who chooses the signed content can produce SHA-1 collisions.
    #[serde(rename = "rsa-sha1")]
    RsaSha1,
    /// RSA (PKCS #1 v1.5) with SHA-256 and keys of at least 2048 bits.
    #[serde(rename = "rsa-sha256")]
    RsaSha256,
    /// RSA (PKCS #1 v1.5) with SHA-512 and keys of at least 2048 bits.
    #[serde(rename = "rsa-sha512")]
    RsaSha512,
    /// The secret itself, sent with every delivery. **It does not protect the body.**
    Token,
    /// HTTP Basic credentials: the secret is `user:password`. **They do not protect the body.**
    Basic,
}

/// The encoding of bytes as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Encoding {
    /// Hexadecimal, in either case.
    Hex,
    /// Base64 in the standard alphabet, padded or not.
    Base64,
    /// Base64 in the URL-safe alphabet, padded or not.
    Base64Url,
}

/// The derivation of a key from a secret's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "KeyFormatText", into = "KeyFormatText")]
pub(crate) struct KeyFormat {
    /// Prefixes to remove if present, in this order.
    pub(crate) strip: Vec<String>,
    pub(crate) encoding: KeyEncoding,
    pub(crate) transform: Option<KeyTransform>,
    /// The location of the key id in a request.
    pub(crate) select_by: Option<Location>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyEncoding {
    /// The text itself.
    #[default]
    Utf8,
    /// The text itself and, if it is `whsec_` followed by base64, also the decoded bytes.
    #[serde(rename = "utf8-or-whsec")]
    Utf8OrWhsec,
    Hex,
    Base64,
    Base64Url,
}

/// The transformation of a secret's text before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyTransform {
    /// Unicode's normalization form KD.
    Nfkd,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum KeyFormatText {
    Plain(KeyEncoding),
    Full(FullKey),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FullKey {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    strip: Vec<String>,
    #[serde(default)]
    enc: KeyEncoding,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transform: Option<KeyTransform>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    select_by: Option<String>,
}

impl TryFrom<KeyFormatText> for KeyFormat {
    type Error = InvalidLocation;

    fn try_from(text: KeyFormatText) -> Result<Self, InvalidLocation> {
        Ok(match text {
            KeyFormatText::Plain(encoding) => Self { encoding, ..Self::default() },
            KeyFormatText::Full(FullKey { strip, enc, transform, select_by }) => {
                let select_by = select_by.map(Location::try_from).transpose()?;
                Self { strip, encoding: enc, transform, select_by }
            }
        })
    }
}

impl From<KeyFormat> for KeyFormatText {
    fn from(format: KeyFormat) -> Self {
        let KeyFormat { strip, encoding: enc, transform, select_by } = format;
        match strip.is_empty() && transform.is_none() && select_by.is_none() {
            true => Self::Plain(enc),
            false => {
                let select_by = select_by.map(|place| place.to_string());
                Self::Full(FullKey { strip, enc, transform, select_by })
            }
        }
    }
}

/// The location and format of signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignatureFormat {
    #[serde(with = "signature_places")]
    pub(crate) from: Locations,
    /// `None` for tokens and credentials, which are text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enc: Option<Encoding>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) prefix: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) prefix_optional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) items: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kv: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) keys: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) prefer: Vec<String>,
    /// The separator of a key id and the signature after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_id: Option<String>,
}

/// Parses the location of a signature; text without a colon is a header name.
pub(super) fn signature_place(text: &str) -> Result<Location, InvalidLocation> {
    match text.contains(':') {
        true => text.parse(),
        false => Location::header_named(text),
    }
}

/// Serialization of the locations of signatures, where a bare name is a header.
mod signature_places {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::{OneOrMany, signature_place};
    use crate::verify::{Location, Locations};

    pub(super) fn serialize<S: Serializer>(places: &Locations, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |place: &Location| match place {
            Location::Header(name) => name.as_str().to_owned(),
            place => place.to_string(),
        };
        OneOrMany::from(places.as_slice().iter().map(text).collect::<Vec<_>>()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Locations, D::Error> {
        let texts = Vec::from(OneOrMany::deserialize(deserializer)?);
        let places = texts.iter().map(|text| signature_place(text)).collect::<Result<Vec<_>, _>>();
        places.map(Locations::from).map_err(D::Error::custom)
    }
}

/// The location and notation of the timestamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimestampFormat {
    pub(crate) from: Location,
    pub(crate) unit: TimeUnit,
    /// Maximum age in seconds; `None` disables the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) past: Option<u64>,
    #[serde(default = "five_minutes")]
    pub(crate) future: u64,
}

fn five_minutes() -> u64 {
    300
}

/// The notation of a timestamp.
///
/// A number must have exactly as many digits as all times from 2001 to 2286 have, unless literal text
/// separates it from the rest of the signed text. Without this rule, an attacker could move a digit between
/// the timestamp and the text next to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TimeUnit {
    /// Whole seconds since the Unix epoch, in 10 digits.
    #[serde(rename = "s")]
    Seconds,
    /// Whole milliseconds since the Unix epoch, in 13 digits.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Whole microseconds since the Unix epoch, in 16 digits.
    #[serde(rename = "us")]
    Microseconds,
    /// RFC 3339, such as `2026-11-22T09:21:00Z`.
    #[serde(rename = "rfc3339")]
    Rfc3339,
    /// An HTTP date, such as `Sun, 22 Nov 2026 09:21:00 GMT`, or its variants `Sun 22 Nov 2026 09:21:00 UTC`
    /// and `Sun, 22 Nov 2026 09:21:00 -0000`.
    #[serde(rename = "http-date")]
    HttpDate,
}

/// The bytes that are signed: one template, or one for each version of the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum TemplateText {
    One(String),
    ByVersion(BTreeMap<String, String>),
}

impl Default for TemplateText {
    fn default() -> Self {
        Self::One("{body}".to_owned())
    }
}
