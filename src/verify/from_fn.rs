#[cfg(feature = "test-util")]
use std::sync::Arc;
use std::{fmt, time::SystemTime};

use bytes::Bytes;
use http::request::Parts;

#[cfg(feature = "test-util")]
use super::signing::CannotSign;
use super::{Check, Finish, Profile, Verified, Verifier, VerifyError};

/// A [`Verifier`] from a function of the head, the whole body, and the time.
///
/// It is the short way: the body is read before the function is called, so nothing is rejected by
/// its head and nothing is hashed while the body arrives. Implement [`Verifier`] for those. The
/// function gets the time only for what the layer does not do: for tolerance, return
/// [`Verified::timestamp`].
///
/// Where several endpoints or tenants share a store, return a [`Verified::fingerprint`] of the secret, or
/// give the layer a [`scope`](crate::WebhookLayer::scope): without either, the layer rejects their deliveries.
pub fn from_fn<F>(verify: F) -> FromFn<F>
where
    F: Fn(&Parts, &Bytes, SystemTime) -> Result<Verified, VerifyError> + Send + Sync + 'static,
{
    FromFn {
        verify,
        profile: Profile::new("custom"),
        #[cfg(feature = "test-util")]
        sign: None,
    }
}

/// The verifier that [`from_fn`] makes.
#[derive(Clone)]
#[must_use]
pub struct FromFn<F> {
    verify: F,
    profile: Profile,
    #[cfg(feature = "test-util")]
    sign: Option<Arc<Sign>>,
}

#[cfg(feature = "test-util")]
type Sign = dyn Fn(&mut Parts, &mut Bytes, SystemTime) -> Result<(), CannotSign> + Send + Sync;

impl<F> FromFn<F> {
    /// Sets the profile: the provider's name, which begins every dedupe key, and its facts. Default: a
    /// provider named `custom`.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Says how a request is signed, for [`testing::sign`](crate::testing::sign). Default: it cannot be.
    ///
    /// ```
    /// use http::Request;
    /// use tower_webhook::{testing, verify::{self, Verified, VerifyError}};
    ///
    /// let acme = verify::from_fn(|head, _, _| match head.headers.contains_key("x-acme") {
    ///     true => Ok(Verified::new()),
    ///     false => Err(VerifyError::missing("there is no x-acme header")),
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
    F: Fn(&Parts, &Bytes, SystemTime) -> Result<Verified, VerifyError> + Send + Sync + 'static,
{
    fn begin<'a>(&'a self, head: &'a Parts, now: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError> {
        Ok(Box::new(FnCheck { verify: &self.verify, head, now }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    #[cfg(feature = "test-util")]
    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        let unknown = || CannotSign::new("it was not said how: see `FromFn::sign_with`");
        (self.sign.as_ref().ok_or_else(unknown)?)(head, body, at)
    }
}

struct FnCheck<'a, F> {
    verify: &'a F,
    head: &'a Parts,
    now: SystemTime,
}

impl<F> Check for FnCheck<'_, F>
where
    F: Fn(&Parts, &Bytes, SystemTime) -> Result<Verified, VerifyError> + Send + Sync,
{
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        (self.verify)(self.head, body, self.now).into()
    }
}
