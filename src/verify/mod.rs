//! Telling a true delivery from a false one: [`Verifier`], and [`from_fn`] to write one.
//!
//! Verifying takes two steps, so that a request which its head already gives away costs nothing
//! more, and so that the body is hashed while it arrives:
//!
//! 1. [`Verifier::begin`] looks at the head alone and refuses it, or returns a [`Check`];
//! 2. the [`Check`] is fed every frame of the body and then [finishes](Check::finish).
//!
//! The providers in [`provider`](crate::provider) are verifiers. A custom one, in one step:
//!
//! ```
//! use tower_webhook::{WebhookLayer, verify::{self, Profile, Verified, VerifyError}};
//!
//! let verifier = verify::from_fn(|head, body, _now| {
//!     let sent = head.headers.get("x-checksum").ok_or(VerifyError::missing("no x-checksum"))?;
//!     let sum: u32 = body.iter().map(|&byte| u32::from(byte)).sum(); // use a real MAC instead
//!     if verify::constant_time_eq(sent.as_bytes(), sum.to_string().as_bytes()) {
//!         Ok(Verified::new().id(sum.to_string()))
//!     } else {
//!         Err(VerifyError::wrong("the checksum differs"))
//!     }
//! })
//! .profile(Profile::new("acme"));
//! // The verifier sets no fingerprint of a secret, so a scope keeps the endpoint's ids apart from others'.
//! let layer = WebhookLayer::with_verifier(verifier).scope("orders");
//! ```

mod endpoint;
mod error;
mod from_fn;
#[cfg(feature = "jwt")]
pub(crate) mod jwt;
mod keys;
mod location;
mod lookup;
mod profile;
mod request;
mod scheme;
#[cfg(feature = "test-util")]
pub(crate) mod signing;

use std::{fmt, pin::Pin, sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::{Response, request::Parts};
use subtle::ConstantTimeEq;

#[cfg(feature = "asymmetric")]
#[cfg_attr(docsrs, doc(cfg(feature = "asymmetric")))]
pub use self::keys::Fetch;
#[cfg(feature = "test-util")]
use self::signing::CannotSign;
pub use self::{
    endpoint::Endpoint,
    error::VerifyError,
    from_fn::{FromFn, from_fn},
    location::{InvalidLocation, Location, Locations},
    lookup::{CachedLookup, Lookup},
    profile::{Attempt, Profile, SignedEncoding, Tolerance},
    scheme::{Algorithm, Encoding, InvalidScheme, Scheme, SchemeVerifier, TimeUnit},
};
pub(crate) use self::{
    error::Reason,
    keys::{Candidates, Keyring, MacKind, Macs, digest, fingerprint},
    location::{RequestValue, header_name},
    lookup::sealed::Find,
    request::{
        Parameters, Proxies, PublicUrl, all_sorted_parameters, called_path, called_url, multipart_field,
        only_parameter, optional_header, parameter, scan, signed_headers, single_header, sorted_parameters,
    },
};
#[cfg(feature = "asymmetric")]
pub(crate) use self::{
    keys::{Certificate, KeyCache, PublicKeys, PublicKind, Signatures, SignedMessage, in_force, pem},
    request::endpoint_url,
};

/// Decides whether a request is from whom it says.
///
/// # What an implementation must do
///
/// * compare in constant time ([`constant_time_eq`]), and work out one MAC per secret, however
///   many candidates a request brings;
/// * never panic, whatever the request: header values may be any bytes;
/// * leave tolerance to the layer: it gives the timestamp, in [`Check::timestamp`] if the head
///   has it, else in [`Verified::timestamp`].
///
/// What it may do: keep keys that were prepared when it was built, refuse by the head alone,
/// finish [later](Finish::later) when a key has to be fetched first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a webhook verifier",
    note = "use one of `tower_webhook::provider`, such as `provider::github(secret)`, or \
            `tower_webhook::verify::from_fn(|head, body, now| …)`"
)]
pub trait Verifier: Send + Sync + 'static {
    /// Looks at the head alone, before a byte of the body is read.
    ///
    /// # Errors
    ///
    /// When the head shows that the request cannot be true: a signature that is missing,
    /// malformed, or that cannot be right whatever the body is.
    fn begin<'a>(&'a self, head: &'a Parts, now: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError>;

    /// The provider's facts. The layer's own settings win over them.
    fn profile(&self) -> &Profile;

    /// Answers a handshake that is not signed and needs no body, such as Meta's `hub.challenge`.
    ///
    /// Asked before the signature is looked at. An answer ends the request: nothing that is
    /// answered here reaches the handler.
    fn handshake(&self, head: &Parts) -> Option<Response<Bytes>> {
        let _ = head;
        None
    }

    /// Answers a handshake that is a signed request, such as Slack's `url_verification`.
    ///
    /// Asked after the request was verified.
    fn signed_handshake(&self, head: &Parts, body: &Bytes) -> Option<Response<Bytes>> {
        let _ = (head, body);
        None
    }

    /// Signs a request as the provider would at that time, for [`testing::sign`](crate::testing::sign).
    ///
    /// What is there is to be kept but for the signature, and what is missing to be made. It is only
    /// there with the feature `test-util`, so implement it under a feature of your crate's that turns
    /// that on (`test-util = ["tower-webhook/test-util"]`), or under `cfg(test)`. A verifier that wraps
    /// another hands it on.
    ///
    /// # Errors
    ///
    /// When it cannot sign such a request, or none, as is the default.
    #[cfg(feature = "test-util")]
    #[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        let _ = (head, body, at);
        Err(CannotSign::new("its verifier does not implement `Verifier::sign`"))
    }
}

impl<V: Verifier + ?Sized> Verifier for Arc<V> {
    fn begin<'a>(&'a self, head: &'a Parts, now: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError> {
        (**self).begin(head, now)
    }

    fn profile(&self) -> &Profile {
        (**self).profile()
    }

    fn handshake(&self, head: &Parts) -> Option<Response<Bytes>> {
        (**self).handshake(head)
    }

    fn signed_handshake(&self, head: &Parts, body: &Bytes) -> Option<Response<Bytes>> {
        (**self).signed_handshake(head, body)
    }

    #[cfg(feature = "test-util")]
    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        (**self).sign(head, body, at)
    }
}

/// The verification of one request, between its head and the end of its body.
pub trait Check: Send {
    /// The signed timestamp, when the head has it: the layer then refuses a stale request before
    /// its body is read. It must be the time that the signature covers.
    fn timestamp(&self) -> Option<SystemTime> {
        None
    }

    /// The next bytes of the body, in order and none left out.
    fn update(&mut self, bytes: &[u8]);

    /// The end. `body` is the whole of what [`update`](Self::update) was fed.
    fn finish(self: Box<Self>, body: &Bytes) -> Finish;
}

/// How a [`Check`] ended: at once, or [later](Self::later).
pub struct Finish(pub(crate) Finishing);

pub(crate) enum Finishing {
    Now(Result<Verified, VerifyError>),
    Later(Later),
}

pub(crate) type Later = Pin<Box<dyn Future<Output = Result<Verified, VerifyError>> + Send>>;

impl Finish {
    /// For the few schemes whose key is named in the body and has to be fetched.
    ///
    /// The layer waits 10 seconds at most and then answers 503 (`verifier_unavailable`). Answer
    /// [`VerifyError::unavailable`] when the key cannot be had, so that the provider tries again.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when the 10 seconds are over, and with its request when the client hangs up.
    pub fn later<F>(future: F) -> Self
    where
        F: Future<Output = Result<Verified, VerifyError>> + Send + 'static,
    {
        Self(Finishing::Later(Box::pin(future)))
    }
}

impl From<Result<Verified, VerifyError>> for Finish {
    fn from(outcome: Result<Verified, VerifyError>) -> Self {
        Self(Finishing::Now(outcome))
    }
}

impl fmt::Debug for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Finishing::Now(outcome) => f.debug_tuple("Finish").field(outcome).finish(),
            Finishing::Later(_) => f.write_str("Finish(later)"),
        }
    }
}

/// What a verifier learnt of a request that is true.
///
/// Everything is optional: the layer finds the id and the event type itself where the
/// [`Profile`] says they are.
#[derive(Clone, Default)]
#[must_use]
pub struct Verified {
    pub(crate) secret_index: usize,
    pub(crate) fingerprint: Option<u64>,
    pub(crate) mac: Option<[u8; 32]>,
    pub(crate) id: Option<Box<str>>,
    pub(crate) event_type: Option<Box<str>>,
    pub(crate) timestamp: Option<SystemTime>,
    /// In a box: few have one, and this is moved about in the future of each request.
    pub(crate) payload: Option<Box<Bytes>>,
}

impl Verified {
    /// A true request of which nothing more is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which of the secrets matched, counted from 0.
    pub fn secret_index(mut self, index: usize) -> Self {
        self.secret_index = index;
        self
    }

    /// Sets a fingerprint of the key that matched. It is the default
    /// [scope](crate::WebhookLayer::scope), which keeps the ids of endpoints with different secrets apart:
    /// without it and without a `scope`, the layer rejects the deliveries of endpoints that share a store.
    /// It must not reveal the key. Use a MAC of a fixed text under the key.
    pub fn fingerprint(mut self, fingerprint: u64) -> Self {
        self.fingerprint = Some(fingerprint);
        self
    }

    /// The 256-bit MAC that matched, if it covers the whole body. It serves as the body's digest
    /// for [`replay_guard`](crate::WebhookLayer::replay_guard); without it the layer hashes the
    /// body once more.
    pub fn mac(mut self, mac: [u8; 32]) -> Self {
        self.mac = Some(mac);
        self
    }

    /// The delivery's id, where it is not simply where [`Profile::id`] says.
    pub fn id(mut self, id: impl Into<Box<str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The event's type, where it is not simply where [`Profile::event_type`] says.
    pub fn event_type(mut self, event_type: impl Into<Box<str>>) -> Self {
        self.event_type = Some(event_type.into());
        self
    }

    /// Sets the payload of a provider that does not sign the body as it is. By default it is the body.
    #[cfg(feature = "asymmetric")]
    pub(crate) fn payload(mut self, payload: Bytes) -> Self {
        self.payload = Some(Box::new(payload));
        self
    }

    /// The signed timestamp. If [`Check::timestamp`] did not give it, the layer judges it now.
    pub fn timestamp(mut self, timestamp: SystemTime) -> Self {
        self.timestamp = Some(timestamp);
        self
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The MAC is a valid signature: it is not shown.
        f.debug_struct("Verified")
            .field("secret_index", &self.secret_index)
            .field("id", &self.id)
            .field("event_type", &self.event_type)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// The token that the user gave the provider for its handshake, in the request's extensions.
#[derive(Clone)]
pub(crate) struct VerifyToken(pub(crate) crate::Secret);

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Returns the index of the first of `tokens` that equals `sent`. Compares every token, so that the time
/// does not tell which one matches.
pub(crate) fn matching_token<T: AsRef<[u8]>>(
    tokens: impl IntoIterator<Item = T>,
    sent: &[u8],
) -> Option<usize> {
    tokens.into_iter().enumerate().fold(None, |first, (index, token)| {
        let matches = constant_time_eq(sent, token.as_ref());
        first.or(matches.then_some(index))
    })
}

/// Reads a timestamp in whole seconds since the Unix epoch: ASCII digits and nothing else.
///
/// Signs, spaces, fractions and numbers past `u64` give `None`. Demand ten digits, as every time from 2001 to
/// 2286 has, if the signed text has the timestamp directly beside another value: otherwise a digit could be
/// moved between the two.
#[must_use]
pub fn unix_seconds(text: &[u8]) -> Option<SystemTime> {
    TimeUnit::Seconds.read_any_length(text).ok()
}

/// A number written in ASCII digits and nothing else.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    let mut number: u64 = 0;
    for byte in text {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    (!text.is_empty()).then_some(number)
}
