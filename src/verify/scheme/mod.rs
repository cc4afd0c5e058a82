//! [`Scheme`]: how a provider signs, as data.

mod bounds;
mod builder;
mod compile;
mod format;
mod keys;
mod pairs;
mod place;
mod plan;
#[cfg(feature = "test-util")]
mod sign;
mod template;
mod unit;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer, ser::Error};

use super::{InvalidLocation, Locations};

use self::format::{
    KeyEncoding, KeyFormat, KeyTransform, SignatureFormat, TemplateText, TimestampFormat, signature_place,
};
pub use self::{
    compile::InvalidScheme,
    format::{Algorithm, Encoding, TimeUnit},
    plan::SchemeVerifier,
};

/// How a provider signs its deliveries, as data: built in code, or read from JSON.
///
/// Most providers sign in one of a few shapes. A scheme says which: the algorithm, how the key is
/// made of the secret, where the signature and the timestamp are and how they are written, and
/// which bytes are signed. [`verifier`](Self::verifier) checks it and prepares it; after that a
/// request costs no parsing of it.
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer, verify::{Scheme, Encoding, TimeUnit}};
///
/// let scheme = Scheme::hmac_sha256("x-acme-signature", Encoding::Hex)
///     .list(",")
///     .pairs("=", ["v1"])
///     .timestamp("field:t", TimeUnit::Seconds)
///     .signs("{ts}.{body}")
///     .id("body:/id")
///     .event_type("body:/type");
///
/// let secret: Secret = "a secret that acme shows".parse()?;
/// let layer = WebhookLayer::with_verifier(scheme.verifier("acme", secret)?);
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
///
/// # As JSON
///
/// Services whose users configure sources of their own keep schemes in a database:
///
/// ```
/// # use tower_webhook::verify::{Scheme, Encoding, TimeUnit};
/// let scheme: Scheme = serde_json::from_str(r#"{
///     "alg": "hmac-sha256",
///     "key": {"strip": ["whsec_"], "enc": "base64"},
///     "sig": {"from": "webhook-signature", "enc": "base64", "items": " ", "kv": ",", "keys": ["v1"]},
///     "ts": {"from": "header:webhook-timestamp", "unit": "s", "past": 300, "future": 300},
///     "template": "{header:webhook-id}.{ts}.{body}",
///     "id": "header:webhook-id",
///     "event_type": "body:/type"
/// }"#)?;
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// | key | what it is | default |
/// |---|---|---|
/// | `alg` | an [`Algorithm`] | |
/// | `key` | how the secret becomes a key: `"utf8"`, `"hex"`, `"base64"`, `"base64url"`, or `{"strip": [prefixes], "enc": …, "transform": "nfkd", "select_by": place}` (`nfkd` needs the crate's feature `unicode`); a public key may be PEM besides | `"utf8"` |
/// | `require` | headers that must have just these values | |
/// | `sig` | where and how signatures are written: see below | |
/// | `ts` | `from`: a place, `unit`: `s`, `ms`, `us`, `rfc3339` or `http-date`, `past` and `future`: tolerance in seconds; any age where `past` is left out, and 300 s ahead where `future` is | no timestamp |
/// | `template` | the bytes that are signed; for schemes with versions an object of them, by version | `"{body}"` |
/// | `id`, `event_type` | a place, or a list of places of which the first with a value counts | not known |
/// | `id_signed` | whether the signature covers the id | whether the template covers its places |
///
/// A *place* is the text of a [`Location`](super::Location): `header:X-Name`, `body:/json/pointer`, `query:name`,
/// `form:name`, or, within the header that the signature is in, `field:key` (of a pair) or `item:0` (of a list).
///
/// `sig` has `from`, a place or several (a bare name is a header; several are for rotation, and any
/// of them may be absent), `enc` (`hex`, `base64`, `base64url`), and where needed `prefix`,
/// `prefix_optional`, `items` (what parts a list), `kv` and `keys` (what parts a pair's key from its
/// value, and which keys hold signatures), and `prefer` (of these keys only the first that is there
/// counts, so that no weaker version is accepted beside it).
///
/// # Public keys
///
/// With an [`Algorithm`] that has a public key, such as `ed25519`, the secret is that key: PEM,
/// DER (SubjectPublicKeyInfo) in the encoding that `key` says, or for Ed25519 its 32 bytes. They
/// need the crate's feature `asymmetric`; without it no verifier can be built of such a scheme. Each
/// delivery costs one verification for each key and signature, of which at most 8 are looked at. The
/// body is hashed while it arrives, but for Ed25519, which has to have it whole.
///
/// # Templates
///
/// A `template` is literal text with `{body}`, `{json:body}`, `{ts}` (as it was sent), `{url}`, `{method}`, `{path_query}`,
/// `{secret}`, `{header:X}`, `{field:k}`, `{item:0}`, `{query:x}`, `{sha256hex:body}`,
/// `{headers_named_by:k}` and `{sorted_form}`.
///
/// A signed text says nothing of where one part ends and the next begins. If it could be split in two ways, an
/// attacker who captures one delivery could move bytes between two parts, and the signature would still be right.
/// So it must follow from the text itself:
///
/// * A text of any length (a value, `{url}`, `{path_query}`) must not contain the first byte of
///   the literal text that follows it, or after the body the last byte of the literal text before it. A delivery
///   whose text does is rejected. For `{url}` and `{path_query}` this has to be a byte that URLs do not have.
/// * Where no literal text separates such a text from `{body}`, the body must be empty or a JSON object or array,
///   and the text must not contain a `{` or a `[` (or, after the body, a `}` or a `]`). Other deliveries are
///   rejected.
/// * A timestamp has one length. `{ts}` therefore needs no literal text beside it, and neither do `{secret}` and
///   `{sha256hex:body}`. A `{method}` is in capitals.
/// * `{headers_named_by:k}` joins values by dots: only the last of them may contain one. `{field:k}` must be in the
///   template as well.
///
/// `{json:body}` is a `{body}` that must be empty or a JSON object or array, with no `{` or `[` in the texts before it.
/// It keeps templates apart that are signed with one key, such as a provider's versions: a text with anything else in
/// front of its JSON cannot be taken for a body.
///
/// [`verifier`](Self::verifier) refuses a template for which this is not enough, such as
/// `{header:X-One}{header:X-Two}`. `{url}{sorted_form}` is the exception: names and values of a sorted form are
/// strung together anyway, and can be put together anew. Bytes can also move between the query and the form, so the
/// template covers neither.
///
/// In a plain hash (`hash-sha1`, `hash-sha256`) that does not end with `{secret}`, nothing may contain a NUL byte: an
/// attacker needs one to extend the text, since the hash pads it with its length.
///
/// `{url}` is the one that the provider was given, where the layer knows it
/// ([`public_url`](crate::WebhookLayer::public_url), [`trust_forwarded`](crate::WebhookLayer::trust_forwarded)).
/// `{path_query}` and `{query:x}` are always of the request as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Scheme {
    alg: Algorithm,
    #[serde(default)]
    key: KeyFormat,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    require: BTreeMap<String, String>,
    sig: SignatureFormat,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ts: Option<TimestampFormat>,
    #[serde(default)]
    template: TemplateText,
    #[serde(default, skip_serializing_if = "Locations::is_empty")]
    id: Locations,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_signed: Option<bool>,
    #[serde(default, skip_serializing_if = "Locations::is_empty")]
    event_type: Locations,
    /// The first place that is not valid, since the builder's methods cannot fail.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none", serialize_with = "refuse")]
    invalid: Option<InvalidLocation>,
}

/// A scheme with an invalid place cannot be serialized: the place would be lost.
fn refuse<S: Serializer>(invalid: &Option<InvalidLocation>, _: S) -> Result<S::Ok, S::Error> {
    Err(S::Error::custom(invalid.as_ref().map(InvalidLocation::to_string).unwrap_or_default()))
}
