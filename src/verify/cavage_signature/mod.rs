//! Signatures of draft-cavage-http-signatures, which preceded HTTP Message Signatures (RFC 9421).
//!
//! The header is a short list of parameters, so this module parses it itself. The crates for the draft also
//! choose keys, which must not depend on the request here.

mod algorithm;
mod parameters;
#[cfg(feature = "test-util")]
mod sign;
mod signing_string;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};

pub use self::algorithm::CavageAlgorithm;
use self::{
    parameters::{Parameters, missing_parameter},
    signing_string::Component,
};
use super::{
    Check, Encoding, Finish, InvalidScheme, Location, PinnedKeys, Profile, RequestContext, TimeUnit,
    Verified, Verifier, VerifyError,
    message_signature::{BodyDigest, CONTENT_DIGEST, DIGEST, SIGNATURE, components, with_coverage},
    single_header,
};
use crate::{IntoSecrets, Secrets};

/// A builder for verifiers of HTTP signatures as in draft-cavage-http-signatures, which ActivityPub servers such
/// as Mastodon use.
///
/// The draft preceded [HTTP Message Signatures](super::MessageSignature) (RFC 9421). A signature is in the header
/// `Signature`, and covers headers and the pseudo-headers `(request-target)`, `(created)` and `(expires)`. It
/// covers the body through the header `digest` (RFC 3230) or `content-digest` (RFC 9530), whose SHA-256 or
/// SHA-512 the verifier compares with the body.
///
/// ```
/// use std::time::Duration;
/// use tower_webhook::{Secret, WebhookLayer, verify::{CavageAlgorithm, CavageSignature, Location, Profile, Tolerance}};
///
/// let key: Secret = "-----BEGIN PUBLIC KEY-----\n\
///     MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqIAYvNFGbZ5g4iiK6feS\n\
///     dXD4bDStFM58A7tHycYXaYtzZQpIeHXAmaXuZzXIwtrP4N0gIk8JNwZvXj2UPS+S\n\
///     07t0V9wNK94he01LV5EMz/GN4eNnFmDL64HIEuKLvV8TvgjbUPRD6Y5X0UpKi2ZI\n\
///     FLSb96Q5w0Z/k7ntpVKV52y8kz5Fjr/O/0JuHryZe0yItzJh8kzFfeMf0EXzfSna\n\
///     KvT7P9jhgC6uTre+jXyvVZjiHDrnqvvucdI3I7DRfXo1OqARBrLjy+TdseUAjNYJ\n\
///     +OuPRI1URIWQI01DCHqcohVu9+Ar+BiCjFp3ua+XMuJvrvbD61d1Fvig/9nbBRR+\n\
///     8QIDAQAB\n\
///     -----END PUBLIC KEY-----".parse()?;
/// let profile = Profile::new("acme")
///     .with_id(Location::json("/id"))
///     .with_event_type(Location::json("/type"))
///     .with_tolerance(Tolerance::default().with_past(Duration::from_secs(3600)));
/// let verifier = CavageSignature::new()
///     .key(CavageAlgorithm::RsaSha256, key.with_key_id("https://remote.domain/users/bob#main-key"))
///     .verifier(profile)?;
/// let layer = WebhookLayer::with_verifier(verifier).public_url("https://social.example/inbox");
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
///
/// The timestamp is `(created)`, or `date` if the signature does not cover `(created)`. The profile's
/// [tolerance](Profile::with_tolerance) applies to it. A signature past its `expires` is rejected too.
///
/// The verifier rejects
///
/// * a repeated parameter, a repeated name in `headers`, and a covered header that is repeated. The draft signs
///   the joined values of a repeated header, which an attacker could split differently;
/// * an `algorithm` other than that of the key, or `hs2019`. The parameter never selects the algorithm;
/// * `(created)` and `(expires)` with an `algorithm` whose name begins with `rsa`, `hmac` or `ecdsa`, as the
///   draft requires;
/// * a method with lower case letters, because the draft signs the method in lower case.
///
/// The URL is the one that the provider was given, if the layer knows it
/// ([`public_url`](crate::WebhookLayer::public_url),
/// [`trust_forwarded`](crate::WebhookLayer::trust_forwarded)), or else that of the request. Its host replaces the
/// header `host`. Set `public_url`: otherwise an attacker who captures a request for another endpoint that uses
/// the same key can send it to this one, with the `Host` of the other.
#[derive(Clone)]
#[must_use]
pub struct CavageSignature {
    components: Vec<String>,
    keys: Vec<(CavageAlgorithm, Secrets)>,
    header: HeaderName,
    signs_body: bool,
}

impl Default for CavageSignature {
    fn default() -> Self {
        Self::new()
    }
}

impl CavageSignature {
    /// Creates a builder of a verifier that requires the signature to cover `(request-target)`, `host`, `date` and
    /// `digest`.
    pub fn new() -> Self {
        Self::covering(["(request-target)", "host", "date", "digest"])
    }

    /// Creates a builder of a verifier that requires the signature to cover `components`. The sender may sign more.
    ///
    /// A component is the name of a header in lower case, or `(request-target)`, `(created)` or `(expires)`. The
    /// components must contain `(created)` or `date`. They must also contain `digest` or `content-digest`, unless
    /// [`without_body`](Self::without_body) is called.
    pub fn covering<C: Into<String>>(components: impl IntoIterator<Item = C>) -> Self {
        Self {
            components: components.into_iter().map(Into::into).collect(),
            keys: Vec::new(),
            header: SIGNATURE,
            signs_body: true,
        }
    }

    /// Adds keys that verify signatures of `algorithm`, and of no other.
    ///
    /// The secret of an HMAC is the key as text; use [`Secret::from_bytes`](crate::Secret::from_bytes) for a key in
    /// base64. For other algorithms, the secret is the public key as PEM or as base64 of its DER.
    ///
    /// If keys of one call have a [key id](crate::Secret::with_key_id), the signature's `keyId` selects among them.
    /// If none has one, `keyId` is ignored.
    pub fn key(mut self, algorithm: CavageAlgorithm, secrets: impl IntoSecrets) -> Self {
        self.keys.push((algorithm, secrets.into_secrets()));
        self
    }

    /// Reads the signature from `Authorization: Signature …` instead of the header `Signature`.
    pub fn in_authorization(mut self) -> Self {
        self.header = header::AUTHORIZATION;
        self
    }

    /// Accepts signatures that do not cover the body. **An attacker who captures a request can then send another
    /// body with its signature.**
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
    /// Returns an error if a component is unknown or repeated, if the components lack a timestamp or a digest, or
    /// if there is no key or a key is not of its algorithm.
    pub fn verifier(self, profile: Profile) -> Result<CavageSignatureVerifier, InvalidScheme> {
        let required = components(&self.components, Component::parse)?;
        if !required.contains(&Component::Created) && !required.contains(&Component::DATE) {
            return Err(InvalidScheme::new("components contain neither `(created)` nor `date`"));
        }
        let is_required = |name: &HeaderName| required.contains(&Component::Header(name.clone()));
        let digests: Vec<_> = [DIGEST, CONTENT_DIGEST].into_iter().filter(is_required).collect();
        if self.signs_body && digests.is_empty() {
            return Err(InvalidScheme::new(
                "components contain neither `digest` nor `content-digest`, which cover the body",
            ));
        }
        let profile =
            with_coverage(profile, self.signs_body, |place| covers(&required, self.signs_body, place));
        Ok(CavageSignatureVerifier {
            required,
            keys: PinnedKeys::read(&self.keys)?,
            header: self.header,
            digests: if self.signs_body { digests } else { Vec::new() },
            profile,
        })
    }
}

/// Returns whether the required components cover the value at `place`.
fn covers(required: &[Component], signs_body: bool, place: &Location) -> bool {
    match place {
        // The host that is signed may be that of the configuration.
        Location::Header(name) => {
            *name != header::HOST && required.contains(&Component::Header(name.clone()))
        }
        Location::Json(_) | Location::Form(_) => signs_body,
        Location::Query(_) => required.contains(&Component::RequestTarget),
        _ => false,
    }
}

impl fmt::Debug for CavageSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CavageSignature")
            .field("components", &self.components)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// A verifier of signatures of draft-cavage-http-signatures, built with [`CavageSignature`].
pub struct CavageSignatureVerifier {
    required: Vec<Component>,
    keys: PinnedKeys<CavageAlgorithm>,
    header: HeaderName,
    /// The headers with digests of the body.
    digests: Vec<HeaderName>,
    profile: Profile,
}

impl Verifier for CavageSignatureVerifier {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let headers = &request.head().headers;
        let parameters = Parameters::read(self.text(headers)?)?;
        let is_missing = |required: &&Component| !parameters.components.contains(required);
        if let Some(missing) = self.required.iter().find(is_missing) {
            return Err(VerifyError::wrong(format!("signature does not cover `{missing}`")));
        }
        let timestamp = timestamp(&parameters, request)?;
        let digests = self.digests.iter().map(|name| {
            let digest = match *name == DIGEST {
                true => BodyDigest::read_digest(headers)?,
                false => BodyDigest::read_content_digest(headers)?,
            };
            Ok((name, digest))
        });
        let digests = digests.collect::<Result<_, VerifyError>>()?;
        let text = signing_string::write(&parameters, request)?;
        let verified = self.verify(&parameters, &text)?;
        Ok(Box::new(CavageCheck { digests, verified, timestamp }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

impl CavageSignatureVerifier {
    /// Returns the list of parameters.
    fn text<'h>(&self, headers: &'h HeaderMap) -> Result<&'h [u8], VerifyError> {
        const SCHEME: &[u8] = b"signature ";
        let text = single_header(headers, &self.header)?.as_bytes();
        if self.header != header::AUTHORIZATION {
            return Ok(text);
        }
        text.split_at_checked(SCHEME.len())
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
            .map(|(_, list)| list)
            .ok_or(VerifyError::missing("`authorization` does not begin with `Signature`"))
    }

    /// Verifies a signature of `text` with the keys that its `keyId` and `algorithm` select.
    fn verify(&self, parameters: &Parameters<'_>, text: &[u8]) -> Result<Verified, VerifyError> {
        let accepts = |algorithm: CavageAlgorithm| algorithm.may_be_named(parameters.algorithm.as_deref());
        let signature = (parameters.signature.as_bytes(), Encoding::Base64);
        let verified = self.keys.verify(Some(&parameters.key_id), accepts, signature, |update| update(text));
        verified.unwrap_or_else(|| {
            Err(VerifyError::wrong("no key matches the signature's `keyId` and `algorithm`"))
        })
    }
}

/// Returns the signed timestamp, unless the signature has expired.
fn timestamp(parameters: &Parameters<'_>, request: &RequestContext<'_>) -> Result<SystemTime, VerifyError> {
    let expires = parameters.expires()?;
    if let Some(past) = expires.and_then(|expires| request.now().duration_since(expires).ok()) {
        return Err(VerifyError::stale(past, false, Duration::ZERO));
    }
    if parameters.components.contains(&Component::Created) {
        return parameters.created()?.ok_or_else(|| missing_parameter("created"));
    }
    let date = single_header(&request.head().headers, &header::DATE)?;
    TimeUnit::HttpDate.read(date.as_bytes())
}

impl fmt::Debug for CavageSignatureVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CavageSignatureVerifier")
            .field("required", &self.required)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// A request whose signature is valid, and whose body must match its digests.
struct CavageCheck<'a> {
    digests: Vec<(&'a HeaderName, BodyDigest)>,
    verified: Verified,
    timestamp: SystemTime,
}

impl Check for CavageCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        Some(self.timestamp)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.digests.iter_mut().for_each(|(_, digest)| digest.update(bytes));
    }

    fn finish(self: Box<Self>, _: &Bytes) -> Finish {
        let mut verified = Ok(self.verified);
        for (name, digest) in self.digests {
            if !digest.matches() {
                verified = Err(VerifyError::wrong(format!("`{name}` does not match the body")));
            }
        }
        verified.into()
    }
}
