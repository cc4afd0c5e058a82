//! What the verifiers of this folder have in common.

use std::{fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::{HeaderName, request::Parts};
use md5::Md5;
use sha2::{Digest, Sha256};

#[cfg(feature = "test-util")]
use crate::verify::signing::CannotSign;
use crate::{
    InvalidSecret,
    verify::{Candidates, Check, Finish, Keyring, Macs, Profile, Tolerance, Verified, Verifier, VerifyError},
};

/// A verifier of keys, a profile, and what a provider does.
#[allow(clippy::unnecessary_wraps, reason = "as all that make a provider's verifier")]
pub(super) fn verifier(
    keys: Keyring,
    profile: Profile,
    way: Way,
) -> Result<Arc<dyn Verifier>, InvalidSecret> {
    Ok(Arc::new(ByHand { keys, profile, way }))
}

/// A provider's way of signing, from either end.
pub(super) struct Way {
    /// Reads a request's head.
    pub(super) begin: for<'a> fn(&'a Keyring, &'a Parts) -> Begun<'a>,
    #[cfg(feature = "test-util")]
    pub(super) sign: fn(&Keyring, &mut Parts, &mut Bytes, SystemTime) -> Result<(), CannotSign>,
}

struct ByHand {
    keys: Keyring,
    profile: Profile,
    way: Way,
}

pub(super) type Begun<'a> = Result<Box<dyn Check + 'a>, VerifyError>;

/// For providers that sign a time and name no tolerance.
pub(super) const ANY_AGE: Tolerance = Tolerance::ANY_AGE;

impl Verifier for ByHand {
    fn begin<'a>(&'a self, head: &'a Parts, _: SystemTime) -> Begun<'a> {
        (self.way.begin)(&self.keys, head)
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    #[cfg(feature = "test-util")]
    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        (self.way.sign)(&self.keys, head, body, at)
    }
}

impl fmt::Debug for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByHand").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// What the body is fed to while it arrives; `()` if nothing can be hashed before it is there.
pub(super) trait Feed: Send {
    fn feed(&mut self, bytes: &[u8]);
}

impl Feed for () {
    fn feed(&mut self, _: &[u8]) {}
}

impl Feed for Macs<'_> {
    fn feed(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl Feed for Md5 {
    fn feed(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl Feed for Sha256 {
    fn feed(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

/// A check that feeds `hash` and then asks `finish`, which gets the whole body besides.
pub(super) fn check<'a, H, F>(hash: H, signed_at: Option<SystemTime>, finish: F) -> Begun<'a>
where
    H: Feed + 'a,
    F: FnOnce(H, &[u8]) -> Result<Verified, VerifyError> + Send + 'a,
{
    Ok(Box::new(Fed { hash, signed_at, finish }))
}

struct Fed<H, F> {
    hash: H,
    signed_at: Option<SystemTime>,
    finish: F,
}

impl<H, F> Check for Fed<H, F>
where
    H: Feed,
    F: FnOnce(H, &[u8]) -> Result<Verified, VerifyError> + Send,
{
    fn timestamp(&self) -> Option<SystemTime> {
        self.signed_at
    }

    fn update(&mut self, bytes: &[u8]) {
        self.hash.feed(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        (self.finish)(self.hash, body).into()
    }
}

/// The value of a header that may be there once: which of two would others read?
pub(super) fn find_header<'a>(head: &'a Parts, name: &HeaderName) -> Result<Option<&'a [u8]>, VerifyError> {
    let mut values = head.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(VerifyError::malformed(format!("there are several {name} headers"))),
        (value, None) => Ok(value.map(|value| value.as_bytes()).filter(|value| !value.is_empty())),
    }
}

/// The value of a header that must be there.
pub(super) fn header<'a>(head: &'a Parts, name: &HeaderName) -> Result<&'a [u8], VerifyError> {
    find_header(head, name)?.ok_or_else(|| VerifyError::missing_header(name))
}

/// Works out a MAC of each of a few texts, where it is not known which of them was signed.
pub(super) fn verify_any<T>(
    keys: &Keyring,
    candidates: &Candidates,
    texts: impl IntoIterator<Item = T>,
    feed: impl Fn(&mut Macs<'_>, T),
) -> Result<Verified, VerifyError> {
    let mut verdict = Err(VerifyError::wrong("there is nothing that could have been signed"));
    for text in texts {
        let mut macs = keys.begin(None);
        feed(&mut macs, text);
        verdict = macs.verify(candidates);
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

/// Of a MAC that covers less than the body: it does not tell two bodies apart.
pub(super) fn not_of_the_body(verified: Verified) -> Verified {
    Verified { mac: None, ..verified }
}
