#[cfg(feature = "test-util")]
use std::{sync::Arc, time::SystemTime};

use std::fmt;

use bytes::Bytes;
#[cfg(feature = "test-util")]
use http::request::Parts;

#[cfg(feature = "test-util")]
use super::signing::{CannotSign, Signer};
use super::{
    Check, Finish, Finishing, Keyring, MacKind, Profile, RequestContext, Verified, Verifier, VerifyError,
};
use crate::Secret;

/// Creates a [`Verifier`] from a function of the request and its whole body.
///
/// The layer reads the body before it calls the function. The function therefore cannot reject a request from
/// its head alone, nor hash the body while it arrives. Implement [`Verifier`] to do so. Return a signed
/// timestamp with [`Verified::with_timestamp`] instead of checking its age, so that the layer's tolerance
/// applies.
///
/// Also pass the secret to [`secret`](FromFn::secret), so that equal ids of two endpoints or tenants do not
/// count as duplicates. If neither a fingerprint of the secret nor a [`scope`](crate::WebhookLayer::scope) is
/// set, a layer whose store other endpoints or tenants may use rejects verified deliveries that have an id.
/// These are layers with [`dedupe`](crate::WebhookLayer::dedupe),
/// [`verifier`](crate::WebhookLayer::verifier) or [`with_lookup`](crate::WebhookLayer::with_lookup).
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer, verify::{self, Verified, VerifyError}};
///
/// let token: Secret = "a long random token".parse()?;
/// let verifier = verify::from_fn({
///     let token = token.clone();
///     move |request, _body| {
///         let sent = request.head().headers.get("x-acme-token");
///         let sent = sent.ok_or(VerifyError::missing("`x-acme-token` is missing"))?;
///         match verify::constant_time_eq(sent.as_bytes(), token.expose().as_ref()) {
///             true => Ok(Verified::new()),
///             false => Err(VerifyError::wrong("`x-acme-token` is not the token")),
///         }
///     }
/// })
/// .secret(&token);
/// let layer = WebhookLayer::with_verifier(verifier);
/// # Ok::<(), tower_webhook::InvalidSecret>(())
/// ```
pub fn from_fn<F>(verify: F) -> FromFn<F>
where
    F: Fn(&RequestContext<'_>, &Bytes) -> Result<Verified, VerifyError> + Send + Sync + 'static,
{
    FromFn {
        verify,
        profile: Profile::new("custom"),
        fingerprints: Vec::new(),
        #[cfg(feature = "test-util")]
        sign: None,
    }
}

/// The verifier that [`from_fn`] creates.
#[derive(Clone)]
#[must_use]
pub struct FromFn<F> {
    verify: F,
    profile: Profile,
    fingerprints: Vec<u64>,
    #[cfg(feature = "test-util")]
    sign: Option<Arc<Sign>>,
}

#[cfg(feature = "test-util")]
type Sign = dyn Fn(&mut Parts, &mut Bytes, SystemTime) -> Result<(), CannotSign> + Send + Sync;

impl<F> FromFn<F> {
    /// Adds a fingerprint of `secret`, which does not reveal the secret. It keeps the deduplication keys of
    /// endpoints with different secrets apart.
    ///
    /// With several secrets, call this method once for each, in the order of their
    /// [indexes](Verified::with_secret_index). A [fingerprint](Verified::with_fingerprint) that the verifying
    /// function returns takes precedence.
    pub fn secret(mut self, secret: &Secret) -> Self {
        let keys = Keyring::of_text(MacKind::HmacSha256, &secret.clone().into());
        self.fingerprints.extend(keys.verified(0).fingerprint);
        self
    }

    /// Sets the profile: the provider's name, which begins the deduplication keys, and the facts about the
    /// provider. Default: the name `custom`, and no facts.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Sets the function that signs a request, for [`testing::sign`](crate::testing::sign). Default: none;
    /// `sign` then returns an error.
    ///
    /// ```
    /// use http::Request;
    /// use tower_webhook::{testing, verify::{self, Verified, VerifyError}};
    ///
    /// let acme = verify::from_fn(|request, _| match request.head().headers.contains_key("x-acme") {
    ///     true => Ok(Verified::new()),
    ///     false => Err(VerifyError::missing("`x-acme` is missing")),
    /// })
    /// .sign_with(|head, _, _| {
    ///     head.headers.insert("x-acme", "1".parse().map_err(|_| testing::CannotSign::new("no value"))?);
    ///     Ok(())
    /// });
    /// let request = testing::sign(&acme, Request::new("{}"))?;
    /// assert_eq!(request.headers()["x-acme"], "1");
    /// # Ok::<(), testing::CannotSign>(())
    /// ```
    #[cfg(feature = "test-util")]
    #[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
    pub fn sign_with<S>(mut self, sign: S) -> Self
    where
        S: Fn(&mut Parts, &mut Bytes, SystemTime) -> Result<(), CannotSign> + Send + Sync + 'static,
    {
        self.sign = Some(Arc::new(sign));
        self
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").field("profile", &self.profile).finish_non_exhaustive()
    }
}

impl<F> Verifier for FromFn<F>
where
    F: Fn(&RequestContext<'_>, &Bytes) -> Result<Verified, VerifyError> + Send + Sync + 'static,
{
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        Ok(Box::new(FnCheck { verifier: self, request: *request }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(feature = "test-util")]
impl<F> Signer for FromFn<F> {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        let unknown = || CannotSign::new("verifier has no `sign_with` function");
        (self.sign.as_ref().ok_or_else(unknown)?)(head, body, at)
    }
}

struct FnCheck<'a, F> {
    verifier: &'a FromFn<F>,
    request: RequestContext<'a>,
}

impl<F> Check for FnCheck<'_, F>
where
    F: Fn(&RequestContext<'_>, &Bytes) -> Result<Verified, VerifyError> + Send + Sync,
{
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let FromFn { verify, fingerprints, .. } = self.verifier;
        let mut finish = Finish::from(verify(&self.request, body));
        if let Finishing::Now(Ok(verified)) = &mut finish.0
            && verified.fingerprint.is_none()
        {
            verified.fingerprint = fingerprints.get(verified.secret_index).copied();
        }
        finish
    }
}
