//! JSON Web Signatures with a detached payload (RFC 7515, appendix F), in a header.

mod algorithm;
mod header;
#[cfg(feature = "test-util")]
mod sign;

use std::{fmt, time::SystemTime};

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::HeaderName;

pub use self::algorithm::JwsAlgorithm;
use self::header::{Jws, missing};
use crate::{
    IntoSecrets, Secrets,
    verify::{
        Check, Encoding, Finish, InvalidScheme, Location, PinnedKeys, Profile, RequestContext, Verifier,
        VerifyError, constant_time_eq, single_header,
    },
};

/// A builder for verifiers of JSON Web Signatures (JWS) with a detached payload, such as Open Banking's
/// `x-jws-signature`.
///
/// The header contains `header..signature`. The payload is the body, in base64url (RFC 7515, appendix F) or, if the
/// JWS header contains `"b64": false`, as it is (RFC 7797).
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer, verify::{DetachedJws, JwsAlgorithm, Location, Profile}};
///
/// let keys: Secret = r#"{ "keys": [{
///     "kty": "OKP", "crv": "Ed25519", "kid": "key-1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
/// }] }"#.parse()?;
/// let verifier = DetachedJws::in_header("x-jws-signature")
///     .key(JwsAlgorithm::EdDsa, keys)
///     .timestamp("http://openbanking.org.uk/iat")
///     .parameter("http://openbanking.org.uk/iss", "0015800000jfQ9aAAE")
///     .parameter("http://openbanking.org.uk/tan", "openbanking.org.uk")
///     .verifier(Profile::new("acme").with_id(Location::json("/jti")))?;
/// let layer = WebhookLayer::with_verifier(verifier);
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
///
/// The verifier rejects
///
/// * a critical parameter (`crit`) other than `b64` and those passed to [`timestamp`](Self::timestamp) and
///   [`parameter`](Self::parameter), and an invalid `crit`;
/// * `"b64": false` that is not critical;
/// * an `alg` that differs from the key's algorithm, which is never taken from the request.
///
/// It ignores keys in the JWS header (`jwk`, `jku`, `x5c`, `x5u`).
///
/// If the sender also signs JSON Web Tokens with the same key, an attacker can send the claims of such a token as
/// a delivery, with the token's signature. Use a key of its own for the deliveries.
#[derive(Clone)]
#[must_use]
pub struct DetachedJws {
    header: String,
    keys: Vec<(JwsAlgorithm, Secrets)>,
    timestamp: Option<String>,
    parameters: Vec<(String, String)>,
}

impl DetachedJws {
    /// Creates a builder of a verifier of the JWS in this header.
    pub fn in_header(name: impl Into<String>) -> Self {
        Self { header: name.into(), keys: Vec::new(), timestamp: None, parameters: Vec::new() }
    }

    /// Adds keys that verify signatures of `algorithm`, and of no other.
    ///
    /// The secret of an HMAC is the key as text; use [`Secret::from_bytes`](crate::Secret::from_bytes) for a key in
    /// base64. For other algorithms, the secret contains public keys as a JWK, a JWK set or PEM.
    ///
    /// If keys of one call have a [key id](crate::Secret::with_key_id) or a `kid` in their JWK, the JWS's `kid`
    /// selects among them, and a JWS without a `kid` matches only those without a key id. If none has one, `kid`
    /// is ignored.
    pub fn key(mut self, algorithm: JwsAlgorithm, secrets: impl IntoSecrets) -> Self {
        self.keys.push((algorithm, secrets.into_secrets()));
        self
    }

    /// Sets the parameter of the JWS header that contains the timestamp, in seconds since the Unix epoch, such as
    /// `iat`. The parameter is then required, and may be critical. The profile's
    /// [tolerance](Profile::with_tolerance) applies to it. Default: none, so that a captured request stays valid.
    pub fn timestamp(mut self, name: impl Into<String>) -> Self {
        self.timestamp = Some(name.into());
        self
    }

    /// Requires a parameter of the JWS header to have this text as its value. The parameter may be critical.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Creates the verifier of a provider.
    ///
    /// Replaces three facts of the profile: the body is [signed](Profile::body_signed), and the
    /// [id](Profile::id_signed) and the [event type](Profile::event_type_signed) are signed if they are in the
    /// body.
    ///
    /// # Errors
    ///
    /// Returns an error if the header's name is invalid, if a parameter is repeated or is `alg`, `kid`, `b64` or
    /// `crit`, or if there is no key or a key is not of its algorithm.
    pub fn verifier(self, profile: Profile) -> Result<DetachedJwsVerifier, InvalidScheme> {
        let header = HeaderName::from_bytes(self.header.as_bytes())
            .map_err(|_| InvalidScheme::new(format!("`{}` is not a header name", self.header)))?;
        let mut names: Vec<&str> = vec!["alg", "kid", "b64", "crit"];
        for name in self.parameters.iter().map(|(name, _)| name).chain(&self.timestamp) {
            if names.contains(&name.as_str()) {
                return Err(InvalidScheme::new(format!(
                    "JWS header parameter `{name}` is repeated or has another purpose"
                )));
            }
            names.push(name);
        }
        let is_signed = |places: &[Location]| {
            places.iter().all(|place| matches!(place, Location::Json(_) | Location::Form(_)))
        };
        let (id, event_type) = (is_signed(profile.id()), is_signed(profile.event_type()));
        let profile = profile.with_body_signed(true).with_id_signed(id).with_event_type_signed(event_type);
        Ok(DetachedJwsVerifier {
            header,
            keys: PinnedKeys::read(&self.keys)?,
            timestamp: self.timestamp,
            parameters: self.parameters,
            profile,
        })
    }
}

impl fmt::Debug for DetachedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedJws")
            .field("header", &self.header)
            .field("timestamp", &self.timestamp)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// A verifier of JSON Web Signatures with a detached payload, built with [`DetachedJws`].
pub struct DetachedJwsVerifier {
    header: HeaderName,
    keys: PinnedKeys<JwsAlgorithm>,
    timestamp: Option<String>,
    parameters: Vec<(String, String)>,
    profile: Profile,
}

impl Verifier for DetachedJwsVerifier {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let text = single_header(&request.head().headers, &self.header)?.as_bytes();
        let jws = Jws::read(text, &self.header)?;
        let is_understood = |name: &str| {
            self.timestamp.as_deref() == Some(name) || self.parameters.iter().any(|(known, _)| known == name)
        };
        let is_payload_encoded = jws.is_payload_encoded(is_understood)?;
        for (name, expected) in &self.parameters {
            let value = jws.text(name)?.ok_or_else(|| missing(name))?;
            if !constant_time_eq(value.as_bytes(), expected.as_bytes()) {
                return Err(VerifyError::wrong(format!("JWS header parameter `{name}` does not match")));
            }
        }
        let timestamp = self.timestamp.as_deref().map(|name| jws.time(name)).transpose()?;
        let alg = jws.text("alg")?.ok_or_else(|| missing("alg"))?;
        let key_id = jws.text("kid")?;
        if !self.keys.has(key_id, |algorithm| algorithm.as_str() == alg) {
            return Err(no_key());
        }
        Ok(Box::new(DetachedCheck {
            keys: &self.keys,
            alg: alg.into(),
            key_id: key_id.map(Into::into),
            protected: jws.protected,
            signature: jws.signature,
            is_payload_encoded,
            timestamp,
        }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

impl fmt::Debug for DetachedJwsVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedJwsVerifier")
            .field("header", &self.header)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// A JWS that waits for its payload. The parsed header, which may be large, is not kept.
struct DetachedCheck<'a> {
    keys: &'a PinnedKeys<JwsAlgorithm>,
    alg: Box<str>,
    key_id: Option<Box<str>>,
    protected: &'a str,
    signature: &'a str,
    is_payload_encoded: bool,
    timestamp: Option<SystemTime>,
}

impl Check for DetachedCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.timestamp
    }

    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let accepts = |algorithm: JwsAlgorithm| algorithm.as_str() == &*self.alg;
        let signature = (self.signature.as_bytes(), Encoding::Base64Url);
        let verified = self.keys.verify(self.key_id.as_deref(), accepts, signature, |update| {
            signed_text(self.protected, body, self.is_payload_encoded, update);
        });
        verified.unwrap_or_else(|| Err(no_key())).into()
    }
}

fn no_key() -> VerifyError {
    VerifyError::wrong("no key matches the JWS's `kid` and `alg`")
}

/// Passes on the text that is signed.
fn signed_text(protected: &str, body: &[u8], is_payload_encoded: bool, update: &mut dyn FnMut(&[u8])) {
    /// A multiple of 3, so that the encoded parts are those of the whole.
    const PART: usize = 3 * 1024;
    update(protected.as_bytes());
    update(b".");
    match is_payload_encoded {
        true => body.chunks(PART).for_each(|part| update(BASE64URL_NOPAD.encode(part).as_bytes())),
        false => update(body),
    }
}
