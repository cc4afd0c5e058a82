//! HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530).
//!
//! The `sfv` crate parses the structured fields. This module decides which of them it accepts, and writes the
//! signature base.

mod base;
mod content_digest;
mod fields;
mod keys;
#[cfg(feature = "test-util")]
mod sign;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use data_encoding::BASE64;

pub use self::keys::MessageAlgorithm;
use self::{
    base::ComponentName,
    fields::{ByteSequences, Input, Parameter, SignatureInput},
};
pub(super) use self::{
    base::{host, is_line, target},
    content_digest::{BodyDigest, DIGEST},
    fields::{CONTENT_DIGEST, LONGEST, MAX_COMPONENTS, MAX_MEMBERS, SIGNATURE},
};
use super::{
    Check, Encoding, Finish, InvalidScheme, Location, PinnedKeys, Profile, RequestContext, Verified,
    Verifier, VerifyError,
};
use crate::{IntoSecrets, Secrets};

/// A builder for verifiers of HTTP Message Signatures (RFC 9421).
///
/// For the draft that preceded the RFC, see [`CavageSignature`](super::CavageSignature).
///
/// The signature covers components of the request: `@method`, `@target-uri`, `@authority`, `@scheme`,
/// `@request-target`, `@path`, `@query`, `"@query-param";name="…"`, and headers. The verifier requires the
/// components that are passed to [`covering`](Self::covering); the sender may sign more. The body is covered
/// through the header `content-digest` (RFC 9530), whose SHA-256 or SHA-512 the verifier compares with the
/// body.
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer, verify::{Location, MessageAlgorithm, MessageSignature, Profile}};
///
/// let key: Secret = "-----BEGIN PUBLIC KEY-----\n\
///     MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n\
///     -----END PUBLIC KEY-----".parse()?;
/// let verifier = MessageSignature::covering(["@method", "@target-uri", "content-digest"])
///     .key(MessageAlgorithm::Ed25519, key.with_key_id("test-key-ed25519"))
///     .tag("acme-webhooks")
///     .verifier(Profile::new("acme").with_id(Location::json("/id")).with_event_type(Location::json("/type")))?;
/// let layer = WebhookLayer::with_verifier(verifier);
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
///
/// The verifier rejects
///
/// * a signature without `created`; the profile's [tolerance](Profile::with_tolerance) applies to it, like to
///   any signed timestamp. A signature past its `expires` is rejected too;
/// * a request with several signatures, unless [`label`](Self::label) or [`tag`](Self::tag) selects one of
///   them;
/// * a repeated label, component or parameter, and a covered header that is repeated;
/// * the component parameters `sf`, `key`, `bs`, `tr` and `req`, unknown signature parameters, and values that
///   are not ASCII;
/// * an `alg` that differs from the key's algorithm, which is never taken from the request.
///
/// The URL is the one that the provider was given, if the layer knows it
/// ([`public_url`](crate::WebhookLayer::public_url),
/// [`trust_forwarded`](crate::WebhookLayer::trust_forwarded)), or else `https://` with the request's host, path
/// and query. Without `@target-uri`, or `@authority` and `@path`, an attacker who captures a request can send
/// it to another endpoint that uses the same key. Also set `public_url`: otherwise the authority is the request's
/// `Host`, which the attacker chooses.
#[derive(Clone)]
#[must_use]
pub struct MessageSignature {
    components: Vec<String>,
    keys: Vec<(MessageAlgorithm, Secrets)>,
    label: Option<String>,
    tag: Option<String>,
    requires_expires: bool,
    requires_nonce: bool,
    signs_body: bool,
}

impl MessageSignature {
    /// Creates a builder of a verifier that requires the signature to cover `components`.
    ///
    /// A component is written as in `Signature-Input`, without the quotes around its name: `@method`,
    /// `content-digest` or `@query-param;name="id"`. The components must contain `content-digest`, unless
    /// [`without_body`](Self::without_body) is called.
    pub fn covering<C: Into<String>>(components: impl IntoIterator<Item = C>) -> Self {
        Self {
            components: components.into_iter().map(Into::into).collect(),
            keys: Vec::new(),
            label: None,
            tag: None,
            requires_expires: false,
            requires_nonce: false,
            signs_body: true,
        }
    }

    /// Adds keys that verify signatures of `algorithm`, and of no other.
    ///
    /// The secret of [`HmacSha256`](MessageAlgorithm::HmacSha256) is the key as text; use
    /// [`Secret::from_bytes`](crate::Secret::from_bytes) for a key in base64. For other algorithms, the secret
    /// is the public key as PEM or as base64 of its DER.
    ///
    /// If keys of one call have a [key id](crate::Secret::with_key_id), the signature's `keyid` selects among
    /// them, and a signature without a `keyid` matches only those without a key id. If none has one, `keyid` is
    /// ignored.
    pub fn key(mut self, algorithm: MessageAlgorithm, secrets: impl IntoSecrets) -> Self {
        self.keys.push((algorithm, secrets.into_secrets()));
        self
    }

    /// Sets the label of the signature to verify, such as `sig1`. Other signatures are ignored. Default: any
    /// label.
    ///
    /// Prefer [`tag`](Self::tag), which is signed: the label is not.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Requires the signature parameter `tag` to have this value. Signatures with another tag are ignored.
    /// Default: any tag or none.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Requires the signature parameter `expires`. Default: optional, but a signature past its `expires` is
    /// rejected.
    pub fn require_expires(mut self) -> Self {
        self.requires_expires = true;
        self
    }

    /// Requires the signature parameter `nonce`. Default: optional.
    ///
    /// The layer does not remember nonces. Against replays, use deduplication or a
    /// [`replay_guard`](crate::WebhookLayer::replay_guard).
    pub fn require_nonce(mut self) -> Self {
        self.requires_nonce = true;
        self
    }

    /// Accepts signatures that do not cover the body. **An attacker who captures a request can then send
    /// another body with its signature.**
    pub fn without_body(mut self) -> Self {
        self.signs_body = false;
        self
    }

    /// Creates the verifier of a provider.
    ///
    /// Replaces three facts of the profile by what the required components cover:
    /// [`body_signed`](Profile::body_signed), [`id_signed`](Profile::id_signed) and
    /// [`event_type_signed`](Profile::event_type_signed).
    ///
    /// # Errors
    ///
    /// Returns an error if a component is unknown or repeated, if `content-digest` is missing, or if there is
    /// no key or a key is not of its algorithm.
    pub fn verifier(self, profile: Profile) -> Result<MessageSignatureVerifier, InvalidScheme> {
        let required = components(&self.components, ComponentName::parse)?;
        if self.signs_body && !required.contains(&ComponentName::CONTENT_DIGEST) {
            return Err(InvalidScheme::new(
                "components do not contain `content-digest`, which covers the body",
            ));
        }
        let profile =
            with_coverage(profile, self.signs_body, |place| covers(&required, self.signs_body, place));
        Ok(MessageSignatureVerifier {
            required,
            keys: PinnedKeys::read(&self.keys)?,
            label: self.label,
            tag: self.tag,
            requires_expires: self.requires_expires,
            requires_nonce: self.requires_nonce,
            signs_body: self.signs_body,
            profile,
        })
    }
}

/// Parses the components that a signature must cover.
pub(super) fn components<C: PartialEq>(
    texts: &[String],
    parse: impl Fn(&str) -> Option<C>,
) -> Result<Vec<C>, InvalidScheme> {
    let mut components = Vec::with_capacity(texts.len());
    for text in texts {
        let component =
            parse(text).ok_or_else(|| InvalidScheme::new(format!("component `{text}` is unknown")))?;
        if components.contains(&component) {
            return Err(InvalidScheme::new(format!("component `{text}` is repeated")));
        }
        components.push(component);
    }
    Ok(components)
}

/// Replaces the facts of a profile that follow from the values that a signature covers.
pub(super) fn with_coverage(
    profile: Profile,
    signs_body: bool,
    covers: impl Fn(&Location) -> bool,
) -> Profile {
    let is_signed = |places: &[Location]| match places {
        [] => signs_body,
        places => places.iter().all(&covers),
    };
    let (id, event_type) = (is_signed(profile.id()), is_signed(profile.event_type()));
    profile.with_body_signed(signs_body).with_id_signed(id).with_event_type_signed(event_type)
}

/// Returns whether the required components cover the value at `place`.
fn covers(required: &[ComponentName], signs_body: bool, place: &Location) -> bool {
    let has = |name: &str| required.iter().any(|component| component.is_named(name));
    match place {
        Location::Header(name) => has(name.as_str()),
        Location::Json(_) | Location::Form(_) => signs_body,
        Location::Query(name) => {
            ["@query", "@target-uri", "@request-target"].into_iter().any(has)
                || required.iter().any(|component| component.is_query_param(name))
        }
        _ => false,
    }
}

impl fmt::Debug for MessageSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageSignature")
            .field("components", &self.components)
            .field("label", &self.label)
            .field("tag", &self.tag)
            .finish_non_exhaustive()
    }
}

/// A verifier of HTTP Message Signatures, built with [`MessageSignature`].
pub struct MessageSignatureVerifier {
    required: Vec<ComponentName>,
    keys: PinnedKeys<MessageAlgorithm>,
    label: Option<String>,
    tag: Option<String>,
    requires_expires: bool,
    requires_nonce: bool,
    signs_body: bool,
    profile: Profile,
}

impl Verifier for MessageSignatureVerifier {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let headers = &request.head().headers;
        let inputs = fields::combined(headers, &fields::SIGNATURE_INPUT)?;
        let inputs = SignatureInput::read(&inputs)?;
        let signatures = fields::combined(headers, &fields::SIGNATURE)?;
        let signatures = ByteSequences::read(&signatures, &fields::SIGNATURE)?;
        let input = self.choose(&inputs)?;
        let signature = signatures
            .get(input.label)
            .ok_or(VerifyError::missing("`signature` has no value for the label in `signature-input`"))?;
        let created = self.check(input, request.now())?;
        let digest = match self.signs_body {
            true => Some(BodyDigest::read_content_digest(headers)?),
            false => None,
        };
        let base = base::write(input, request)?;
        let verified = self.verify(input, signature, &base)?;
        Ok(Box::new(MessageCheck { digest, verified, created }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

impl MessageSignatureVerifier {
    /// Verifies a signature of `base` with the keys that its `keyid` and `alg` select.
    fn verify(&self, input: &Input<'_>, signature: &[u8], base: &[u8]) -> Result<Verified, VerifyError> {
        let (key_id, alg) = (input.text(Parameter::KeyId), input.text(Parameter::Alg));
        let accepts = |algorithm: MessageAlgorithm| alg.is_none_or(|alg| alg == algorithm.as_str());
        let signature = BASE64.encode(signature);
        let signature = (signature.as_bytes(), Encoding::Base64);
        let verified = self.keys.verify(key_id, accepts, signature, |update| update(base));
        verified
            .unwrap_or_else(|| Err(VerifyError::wrong("no key matches the signature's `keyid` and `alg`")))
    }

    /// Returns the signature to verify.
    fn choose<'i, 'de>(&self, inputs: &'i SignatureInput<'de>) -> Result<&'i Input<'de>, VerifyError> {
        let has_label = |input: &&Input<'_>| self.label.as_ref().is_none_or(|label| *label == input.label);
        let has_tag = |input: &&Input<'_>| {
            self.tag.as_ref().is_none_or(|tag| input.text(Parameter::Tag) == Some(tag.as_str()))
        };
        let mut chosen = inputs.iter().filter(has_label).filter(has_tag);
        match (chosen.next(), chosen.next()) {
            (Some(input), None) => Ok(input),
            (None, _) => {
                Err(VerifyError::missing("request has no signature with the expected label and tag"))
            }
            (Some(_), Some(_)) => Err(VerifyError::malformed(
                "request has several signatures, and neither label nor tag selects one",
            )),
        }
    }

    /// Checks the parameters and the components of a signature. Returns the time at which it was created.
    fn check(&self, input: &Input<'_>, now: SystemTime) -> Result<SystemTime, VerifyError> {
        if let Some(problem) = input.problem {
            return Err(VerifyError::malformed(problem));
        }
        let missing = |name: &str| VerifyError::missing(format!("signature parameter `{name}` is missing"));
        let created = input.time(Parameter::Created)?.ok_or_else(|| missing("created"))?;
        let expires = input.time(Parameter::Expires)?;
        if self.requires_expires && expires.is_none() {
            return Err(missing("expires"));
        }
        if self.requires_nonce && input.text(Parameter::Nonce).is_none_or(str::is_empty) {
            return Err(missing("nonce"));
        }
        if let Some(past) = expires.and_then(|expires| now.duration_since(expires).ok()) {
            return Err(VerifyError::stale(past, false, Duration::ZERO));
        }
        let is_missing = |required: &&ComponentName| !input.components.contains(required);
        match self.required.iter().find(is_missing) {
            Some(missing) => Err(VerifyError::wrong(format!("signature does not cover `{missing}`"))),
            None => Ok(created),
        }
    }
}

impl fmt::Debug for MessageSignatureVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageSignatureVerifier")
            .field("required", &self.required)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// A request whose signature is valid, and whose body must match its digest.
struct MessageCheck {
    digest: Option<BodyDigest>,
    verified: Verified,
    created: SystemTime,
}

impl Check for MessageCheck {
    fn timestamp(&self) -> Option<SystemTime> {
        Some(self.created)
    }

    fn update(&mut self, bytes: &[u8]) {
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
    }

    fn finish(self: Box<Self>, _: &Bytes) -> Finish {
        let is_right = self.digest.is_none_or(BodyDigest::matches);
        is_right
            .then_some(self.verified)
            .ok_or(VerifyError::wrong("`content-digest` does not match the body"))
            .into()
    }
}
