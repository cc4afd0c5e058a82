//! [`Scheme`]: a declarative description of a provider's signature.

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

/// A declarative description of a provider's signature, built in code or parsed from JSON.
///
/// Most providers use one of a few forms of signature. A scheme contains the algorithm, the derivation of the
/// key from the secret, the location and format of the signature and the timestamp, and the signed bytes.
/// [`verifier`](Self::verifier) validates and compiles the scheme once; it is not parsed again for each
/// request.
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
/// Applications whose users configure their own webhook sources can store schemes in a database:
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
/// | key | meaning | default |
/// |---|---|---|
/// | `alg` | the [`Algorithm`] | |
/// | `key` | the encoding of the key in the secret's text: `"utf8"`, `"hex"`, `"base64"`, `"base64url"`, `"utf8-or-whsec"` (the text and, if it is `whsec_` followed by base64, also the decoded bytes), or `{"strip": [prefixes], "enc": …, "transform": "nfkd", "select_by": location}` (`nfkd` requires the feature `unicode`; `select_by` is the location of the key id in the request, as with [`key_id`](Self::key_id)); public keys may also be PEM | `"utf8"` |
/// | `require` | headers that must have exactly these values | |
/// | `sig` | the location and format of signatures: see below | |
/// | `ts` | `from`: a location; `unit`: `s`, `ms`, `us`, `rfc3339` or `http-date`; `past` and `future`: tolerance in seconds (defaults: any age, and 300 s ahead) | no timestamp |
/// | `template` | the signed bytes; for several versions, an object with one template per version | `"{body}"` |
/// | `id`, `event_type` | a location or a list of locations; the first with a value counts | none |
/// | `id_signed` | whether the signature covers the id | derived from the template |
///
/// A *location* is the text of a [`Location`](super::Location): `header:X-Name`, `body:/json/pointer`,
/// `query:name`, `form:name`, or, within the header that holds the signature, `field:key` (of a pair) or
/// `item:0` (of a list).
///
/// `sig` has the following keys:
///
/// * `from`: one location or several; a request needs a signature at only one of them. A bare name is a
///   header.
/// * `enc`: `hex`, `base64` or `base64url`.
/// * `prefix`: a prefix of the signature, which is required unless `prefix_optional` is `true`.
/// * `items`: the separator of a list.
/// * `groups`: the separator of several groups of pairs. All groups must have the same timestamp and the same
///   other signed fields.
/// * `kv` and `keys`: the separator of a pair's key and value, and the keys whose values are signatures.
/// * `prefer`: keys from `keys`, in order of preference. Only the signatures of the first key that is present
///   are verified, so that a weaker version is not accepted next to a stronger one.
/// * `key_id`: the separator of a key id and the signature after it, instead of `kv` and `keys`. See
///   [`key_id_in_signature`](Self::key_id_in_signature).
///
/// # Public keys
///
/// With an [`Algorithm`] that uses public keys, such as `ed25519`, the secret is the public key: as PEM, or,
/// in the encoding set by `key`, as DER (SubjectPublicKeyInfo) or the 32 bytes of an Ed25519 key. This
/// requires the feature `asymmetric`; without it, building the verifier fails. Each delivery costs up to one
/// verification per key and signature, and at most 8 signatures are accepted. The body is hashed while it
/// arrives, except for Ed25519, which needs the whole body.
///
/// # Templates
///
/// A `template` is literal text with these placeholders: `{body}`, `{json:body}`, `{sha256hex:body}`,
/// `{base64url:body}`, `{sorted_form}`, `{sorted_pairs:x,y}`, `{ts}` (as sent), `{url}`, `{unescaped_url}`,
/// `{method}`, `{path_query}`, `{secret}` (the decoded key), `{path_header:X}` (a header whose value is a
/// path), `{headers_named_by:k}`, and any location: `{header:X}`, `{field:k}`, `{item:0}`, `{query:x}`,
/// `{form:x}` or `{body:/json/pointer}`.
///
/// The signed text does not contain the lengths of its parts. If it could be split in two ways, an attacker
/// who captures a delivery could move bytes between two parts, and the signature would still match. The
/// bounds of the parts must therefore follow from the text itself:
///
/// * Text of variable length (a value, `{url}`, `{path_query}`) must not contain the first byte of the
///   literal text that follows it. For a URL or a path, this works only if URLs cannot contain this byte: a
///   `.`, for example, does not show where a URL ends.
/// * After the body, or after a URL whose end is therefore unknown, the text is split from its end. There,
///   the first rule does not apply: a value must not contain the last byte of the literal text before it.
///   Deliveries that violate one of these two rules are rejected.
/// * If no such literal text separates a value or a URL from `{body}`, the body must be empty or a JSON
///   object or array. A value or URL before the body must then not contain `{` or `[`, and a value or URL
///   after the body must not contain `}` or `]`. Other deliveries are rejected.
/// * The end of a timestamp can be recognized, so `{ts}` needs no literal text next to it, and neither do
///   `{secret}` and `{sha256hex:body}`. The value of `{method}` must be in capitals.
/// * If the header that contains the signature has a field `k` with the names of other headers,
///   `{headers_named_by:k}` stands for the values of those headers, joined with dots. Only the last value may
///   contain a dot. The template must also contain `{field:k}`.
///
/// `{json:body}` is a `{body}` that must be empty or a JSON object or array. The values before it must not
/// contain `{` or `[`. Use `{json:body}` if a provider signs with one key in several ways, for example
/// `{body}` in an old version and `{ts}.{body}` in a new one. The signed text of the new version begins with
/// a timestamp, not with a bracket, so a scheme with `{json:body}` does not accept that text as a body of the
/// old version.
///
/// [`verifier`](Self::verifier) refuses templates that remain ambiguous under these rules, such as
/// `{header:X-One}{header:X-Two}`. `{url}{sorted_form}` is also ambiguous, but it is accepted, because some
/// providers sign it. An attacker can split its concatenated names and values differently, and move bytes
/// between the query and the form, so this template counts as covering neither the query nor the form.
///
/// `{sorted_pairs}` stands for the decoded fields of a URL-encoded form as `name=value`, sorted by name and
/// joined with `&`. `{sorted_pairs:x,y}` omits the fields `x` and `y`, which are then not signed; omit the
/// field that contains the signature. Unlike the concatenated `{sorted_form}`, this text has only one meaning:
/// deliveries with a repeated field, with a name that contains `&` or `=`, or with a value that contains `&`
/// and a `=` after it are rejected.
///
/// The template of a plain hash (`hash-sha1`, `hash-sha256`, `hash-sha512`) must contain `{secret}`. The
/// template of a MAC may contain it. If the template of a plain hash does not end with `{secret}`, no part of
/// the signed text may contain a NUL byte. This prevents length-extension attacks: they add the hash's padding
/// to the text, and the padding contains a NUL byte.
///
/// `{unescaped_url}` is `{url}` with the percent-escapes of `:`, `/`, `?`, `@`, `!`, `$`, `'`, `(`, `)`, `*`,
/// `,` and `;` decoded, as HubSpot signs it. In the path, the escapes of `/` and `?` are kept. A request
/// whose URL has no escape to decode is rejected; verify it with a second scheme, which signs `{url}`.
///
/// `{url}` is the URL that the provider was given, if the layer knows it
/// ([`public_url`](crate::WebhookLayer::public_url),
/// [`trust_forwarded`](crate::WebhookLayer::trust_forwarded)), or else `https://` with the request's host,
/// path and query. `{path_query}` and `{query:x}` always refer to the received request.
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
    /// The first invalid location, stored because the builder's methods cannot fail.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none", serialize_with = "refuse")]
    invalid: Option<InvalidLocation>,
}

/// Returns an error for a scheme with an invalid location, which its JSON would not contain.
fn refuse<S: Serializer>(invalid: &Option<InvalidLocation>, _: S) -> Result<S::Ok, S::Error> {
    Err(S::Error::custom(invalid.as_ref().map(InvalidLocation::to_string).unwrap_or_default()))
}
