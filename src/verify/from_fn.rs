use std::{fmt, time::SystemTime};

use bytes::Bytes;
use http::request::Parts;

use super::{Check, Finish, Profile, Verified, Verifier, VerifyError};

/// A [`Verifier`] from a function of the head, the whole body, and the time.
///
/// It is the short way: the body is read before the function is asked, so nothing is refused by
/// its head and nothing is hashed while the body arrives. Implement [`Verifier`] for those. The
/// function gets the time only for what the layer does not do: for tolerance, return
/// [`Verified::timestamp`].
pub fn from_fn<F>(verify: F) -> FromFn<F>
where
    F: Fn(&Parts, &Bytes, SystemTime) -> Result<Verified, VerifyError> + Send + Sync + 'static,
{
    FromFn { verify, profile: Profile::new("custom") }
}

/// The verifier that [`from_fn`] makes.
#[derive(Clone)]
#[must_use]
pub struct FromFn<F> {
    verify: F,
    profile: Profile,
}

impl<F> FromFn<F> {
    /// Says whose scheme it is and what is known of it. Default: a provider named `custom`.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
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
        Ok(Box::new(AtTheEnd { verify: &self.verify, head, now }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

struct AtTheEnd<'a, F> {
    verify: &'a F,
    head: &'a Parts,
    now: SystemTime,
}

impl<F> Check for AtTheEnd<'_, F>
where
    F: Fn(&Parts, &Bytes, SystemTime) -> Result<Verified, VerifyError> + Send + Sync,
{
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        (self.verify)(self.head, body, self.now).into()
    }
}
