#[cfg(feature = "test-util")]
use std::time::SystemTime;
use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Response;
#[cfg(feature = "test-util")]
use http::request::Parts;

use super::handshake::{ChallengeCheck, Handshake, HandshakeRequest};
use super::{
    alternatives::{self, FieldCheck, SignedContent},
    by_hand::ByHandVerifier,
    encryption::Encryption,
};
#[cfg(feature = "test-util")]
use crate::verify::{
    ContentCoding, SignedEncoding,
    signing::{CannotSign, Signer},
};
use crate::{
    InvalidSecret, RejectionKind, Secrets,
    verify::{Check, Profile, RequestContext, SchemeVerifier, Verifier, VerifyError},
};

/// A verifier for the deliveries of one provider. It includes the provider's profile and handshake.
///
/// Most constructors in [`provider`](crate::provider) return it. Cloning is cheap; clones share the keys.
///
/// ```
/// use std::time::Duration;
/// use tower_webhook::{Secret, WebhookLayer, provider};
///
/// let secret: Secret = "whsec_…".parse()?;
/// let verifier = provider::stripe(secret).with_profile(|profile| profile.with_body_limit(64 * 1024));
/// let layer = WebhookLayer::with_verifier(verifier);
/// # Ok::<(), tower_webhook::InvalidSecret>(())
/// ```
#[derive(Clone)]
pub struct ProviderVerifier {
    parts: Arc<VerifierParts>,
    profile: Arc<Profile>,
}

struct VerifierParts {
    kind: VerifierKind,
    handshake: Option<(Handshake, Secrets)>,
    signed_content: SignedContent,
    encryption: Option<(Encryption, Secrets)>,
}

#[allow(clippy::large_enum_variant, reason = "in an `Arc`, one per verifier")]
pub(super) enum VerifierKind {
    Scheme(SchemeVerifier),
    /// Several schemes. A request must be valid under one of them.
    AnyOf(Vec<SchemeVerifier>),
    /// A hand-written verifier, for a signature that no scheme describes.
    ByHand(Box<dyn ByHandVerifier>),
    /// The error of a built-in scheme that could not be built. The tests ensure that this does not happen.
    Unusable(InvalidSecret),
}

impl ProviderVerifier {
    pub(super) fn new(kind: VerifierKind, handshake: Option<(Handshake, Secrets)>, profile: Profile) -> Self {
        let signed_content = SignedContent::Body;
        let parts = VerifierParts { kind, handshake, signed_content, encryption: None };
        Self { parts: Arc::new(parts), profile: Arc::new(profile) }
    }

    /// Sets the content that the signature covers. Default: the body as sent.
    pub(super) fn with_signed_content(mut self, content: SignedContent) -> Self {
        if let Some(parts) = Arc::get_mut(&mut self.parts) {
            parts.signed_content = content;
        }
        self
    }

    /// Sets the way in which the provider encrypts the body. Default: not encrypted.
    pub(super) fn with_encryption(mut self, encryption: Option<(Encryption, Secrets)>) -> Self {
        if let Some(parts) = Arc::get_mut(&mut self.parts) {
            parts.encryption = encryption;
        }
        self
    }

    /// Changes the profile with `change`. Settings of the layer take precedence over the profile.
    ///
    /// ```
    /// use tower_webhook::{Secret, provider, verify::Verifier};
    ///
    /// let secret: Secret = "a secret".parse()?;
    /// let verifier = provider::github(secret).with_profile(|profile| profile.with_shared_secret(false));
    /// assert!(!verifier.profile().shared_secret());
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    #[must_use]
    pub fn with_profile(mut self, change: impl FnOnce(Profile) -> Profile) -> Self {
        self.profile = Arc::new(change(Arc::unwrap_or_clone(self.profile)));
        self
    }
}

/// Implements `From` for each of these verifiers, to convert it into a `ProviderVerifier`.
#[cfg(feature = "asymmetric")]
macro_rules! from {
    ($($verifier:ident),+) => {
        $(
            impl From<super::$verifier> for ProviderVerifier {
                fn from(verifier: super::$verifier) -> Self {
                    let profile = verifier.profile().clone();
                    Self::new(VerifierKind::ByHand(Box::new(verifier)), None, profile)
                }
            }
        )+
    };
}

#[cfg(feature = "asymmetric")]
from!(AdobeIo, AwsSns, Circle, Ebay, FireblocksJwks, GithubSecretScanning, PayPal);
#[cfg(feature = "jwt")]
from!(AzureEventGridEntra, BotFramework, GoogleChat, GoogleCloudTasks, GooglePubSub);

impl From<SchemeVerifier> for ProviderVerifier {
    /// Converts the verifier of a custom [`Scheme`](crate::verify::Scheme).
    fn from(verifier: SchemeVerifier) -> Self {
        let profile = verifier.profile().clone();
        Self::new(VerifierKind::Scheme(verifier), None, profile)
    }
}

impl Verifier for ProviderVerifier {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let check = match &self.parts.kind {
            VerifierKind::Scheme(verifier) => verifier.begin(request),
            VerifierKind::AnyOf(verifiers) => alternatives::begin(verifiers, &self.profile, request),
            VerifierKind::ByHand(verifier) => {
                verifier.begin(&request.with_tolerance(self.profile.tolerance()))
            }
            VerifierKind::Unusable(error) => return Err(VerifyError::unavailable(error.clone())),
        };
        let check = match (&self.parts.kind, self.parts.signed_content) {
            (_, SignedContent::Field(field)) => {
                check.map(|check| FieldCheck::of(check, request.head(), field))
            }
            (VerifierKind::Scheme(scheme), SignedContent::CanonicalJson) => {
                check.map(|check| alternatives::canonical(check, scheme, request))
            }
            _ => check,
        };
        let check = match &self.parts.encryption {
            Some((encryption, secrets)) => {
                check.map(|check| encryption.decrypt_after(check, secrets.as_slice()))
            }
            None => check,
        };
        let Some((handshake, secrets)) = &self.parts.handshake else { return check };
        let check = match check {
            Err(error) if error.kind() == RejectionKind::MissingSignature => {
                let request = HandshakeRequest { request: *request, secrets: secrets.as_slice() };
                let error = handshake.token_error(&request).unwrap_or(error);
                return handshake.unsigned_post.map_or(Err(error.clone()), |post| post.check(request, error));
            }
            check => check?,
        };
        Ok(match handshake.signs {
            Some(signs) => Box::new(ChallengeCheck { check, signs }),
            None => check,
        })
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn handshake(&self, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
        match (&self.parts.handshake, &self.parts.kind) {
            (Some((handshake, secrets)), _) => {
                (handshake.unsigned)(&HandshakeRequest { request: *request, secrets: secrets.as_slice() })
            }
            (None, VerifierKind::ByHand(verifier)) => verifier.handshake(request),
            (None, _) => None,
        }
    }

    fn signed_handshake(&self, request: &RequestContext<'_>, body: &Bytes) -> Option<Response<Bytes>> {
        match (&self.parts.handshake, &self.parts.kind) {
            (Some((handshake, secrets)), _) => {
                (handshake.signed)(&HandshakeRequest { request: *request, secrets: secrets.as_slice() }, body)
            }
            (None, VerifierKind::ByHand(verifier)) => verifier.signed_handshake(request, body),
            (None, _) => None,
        }
    }
}

#[cfg(feature = "test-util")]
impl Signer for ProviderVerifier {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        if let Some((Handshake { signs: Some(signs), .. }, _)) = &self.parts.handshake
            && signs(body)
        {
            return Err(super::handshake::is_challenge().into());
        }
        if let Some((encryption, secrets)) = &self.parts.encryption {
            *body = encryption.encrypted(secrets.as_slice(), body)?;
        }
        // The signed form of the body, if it is not the body as sent.
        let mut content = match self.parts.signed_content {
            SignedContent::Body => None,
            SignedContent::Field(field) => {
                alternatives::json_in_field(head, body, field).map(|json| Bytes::copy_from_slice(&json))
            }
            SignedContent::CanonicalJson => alternatives::canonical_json(body),
        };
        if let (Some(SignedEncoding::Decoded), Some(coding)) = (
            self.profile.content_encoding(),
            ContentCoding::of(&head.headers).filter(|coding| coding.fits(body)),
        ) {
            content = Some(coding.decode_at_once(body).map_err(VerifyError::content)?);
        }
        let body = content.as_mut().unwrap_or(body);
        match &self.parts.kind {
            VerifierKind::Scheme(verifier) => verifier.sign(head, body, at),
            VerifierKind::AnyOf(verifiers) => {
                let used = verifiers.iter().find(|verifier| verifier.has_signature(head));
                let used =
                    used.or(verifiers.first()).ok_or_else(|| CannotSign::new("provider has no scheme"))?;
                // A second scheme with the same header is for special requests, such as HubSpot's requests to
                // URLs with escapes.
                let special = verifiers.iter().rev().find(|verifier| verifier.signs_in_place_of(used));
                if let Some(special) = special {
                    let mut signed = (head.clone(), body.clone());
                    if special.sign(&mut signed.0, &mut signed.1, at).is_ok() {
                        (*head, *body) = signed;
                        return Ok(());
                    }
                }
                used.sign(head, body, at)
            }
            VerifierKind::ByHand(verifier) => verifier.sign(head, body, at),
            VerifierKind::Unusable(error) => Err(VerifyError::unavailable(error.clone()).into()),
        }
    }
}

impl fmt::Debug for ProviderVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderVerifier").field("profile", &self.profile).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, StatusCode};

    use super::*;
    use crate::{Secret, provider};

    #[test]
    fn an_unusable_verifier_rejects_so_that_the_provider_retries() {
        let error = InvalidSecret::new("test");
        let verifier = ProviderVerifier::new(VerifierKind::Unusable(error), None, Profile::new("acme"));
        let (head, ()) = Request::new(()).into_parts();
        let error = verifier.begin(&RequestContext::new(&head)).map(drop).map_err(|error| error.kind());
        assert_eq!(error, Err(RejectionKind::VerifierUnavailable));
    }

    #[test]
    fn with_profile_replaces_the_profile_and_keeps_the_handshake() -> Result<(), crate::BoxError> {
        let secret: Secret = "a secret".parse()?;
        let original = provider::dropbox(secret);
        let renamed = original.clone().with_profile(|_| Profile::new("renamed"));
        assert_eq!(renamed.profile().provider(), "renamed");
        assert_eq!(original.profile().provider(), "dropbox");
        assert!(format!("{renamed:?}").contains("renamed"));
        let (head, ()) = Request::get("/?challenge=abc").body(())?.into_parts();
        let answer = renamed.handshake(&RequestContext::new(&head)).ok_or("handshake is not answered")?;
        assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::OK, &b"abc"[..]));
        Ok(())
    }
}
