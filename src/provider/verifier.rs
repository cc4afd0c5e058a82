#[cfg(feature = "test-util")]
use std::time::SystemTime;
use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Response;
#[cfg(feature = "test-util")]
use http::request::Parts;

use super::by_hand::ByHandVerifier;
use super::handshake::{ChallengeCheck, Handshake, HandshakeRequest};
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Signer};
use crate::{
    InvalidSecret, RejectionKind, Secrets,
    verify::{Check, Profile, RequestContext, SchemeVerifier, Verifier, VerifyError},
};

/// A verifier for the deliveries of one provider. It includes the provider's profile and handshake.
///
/// The constructors in [`provider`](crate::provider) return it. Cloning is cheap; clones share the keys.
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
}

#[allow(clippy::large_enum_variant, reason = "in an `Arc`, one per verifier")]
pub(super) enum VerifierKind {
    Scheme(SchemeVerifier),
    /// A hand-written verifier, for a signature that no scheme describes.
    ByHand(Box<dyn ByHandVerifier>),
    /// The error of a built-in scheme that could not be built. The tests ensure that this does not happen.
    Unusable(InvalidSecret),
}

impl ProviderVerifier {
    pub(super) fn new(kind: VerifierKind, handshake: Option<(Handshake, Secrets)>, profile: Profile) -> Self {
        Self { parts: Arc::new(VerifierParts { kind, handshake }), profile: Arc::new(profile) }
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
from!(AwsSns, Circle, Ebay, PayPal);

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
            VerifierKind::ByHand(verifier) => {
                verifier.begin(&request.with_tolerance(self.profile.tolerance()))
            }
            VerifierKind::Unusable(error) => return Err(VerifyError::unavailable(error.clone())),
        };
        let Some((handshake, secrets)) = &self.parts.handshake else { return check };
        let check = check.map_err(|error| match error.kind() {
            RejectionKind::MissingSignature => {
                let request = HandshakeRequest { request: *request, secrets: secrets.as_slice() };
                handshake.token_error(&request).unwrap_or(error)
            }
            _ => error,
        })?;
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
        match &self.parts.kind {
            VerifierKind::Scheme(verifier) => verifier.sign(head, body, at),
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
