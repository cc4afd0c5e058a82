//! Verification of requests: the [`Verifier`] trait, and [`from_fn`] to implement it with a function.
//!
//! Verification takes two steps, so that a request with an invalid head is rejected before its body is read,
//! and so that the body is hashed while it arrives:
//!
//! 1. [`Verifier::begin`] checks the head, and returns an error or a [`Check`];
//! 2. the [`Check`] is fed each frame of the body and then [finishes](Check::finish).
//!
//! The providers in [`provider`](crate::provider) are verifiers. If one step is enough, [`from_fn`] turns a
//! function into a verifier:
//!
//! ```
//! use tower_webhook::{Secret, WebhookLayer, verify::{self, Profile, Verified, VerifyError}};
//!
//! let secret: Secret = "a secret".parse()?;
//! # fn mac(key: &[u8], body: &[u8]) -> String { format!("{}-{}", key.len(), body.len()) }
//! let verifier = verify::from_fn({
//!     let secret = secret.clone();
//!     move |request, body| {
//!         let sent = request.head().headers.get("x-acme-signature");
//!         let sent = sent.ok_or(VerifyError::missing("`x-acme-signature` is missing"))?;
//!         let expected = mac(secret.expose().as_ref(), body); // with a crate such as `hmac`
//!         match verify::constant_time_eq(sent.as_bytes(), expected.as_bytes()) {
//!             true => Ok(Verified::new()),
//!             false => Err(VerifyError::wrong("signature mismatch")),
//!         }
//!     }
//! })
//! .secret(&secret)
//! .with_profile(Profile::new("acme"));
//! let layer = WebhookLayer::with_verifier(verifier);
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```
//!
//! [`verify_request`] verifies without the layer, for hosts that are not tower services.

mod cached_lookup;
#[cfg(feature = "message-signatures")]
mod cavage_signature;
mod content_coding;
mod context;
mod endpoint;
mod error;
mod from_fn;
#[cfg(feature = "jwt")]
pub(crate) mod jwt;
mod keys;
mod location;
mod lookup;
#[cfg(feature = "message-signatures")]
mod message_signature;
mod profile;
mod request;
mod scheme;
#[cfg(feature = "test-util")]
pub(crate) mod signing;
mod standalone;
mod verified;

use std::{fmt, pin::Pin, sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::Response;
use subtle::ConstantTimeEq;

#[cfg(feature = "message-signatures")]
#[cfg_attr(docsrs, doc(cfg(feature = "message-signatures")))]
pub use self::cavage_signature::{CavageAlgorithm, CavageSignature, CavageSignatureVerifier};
#[cfg(feature = "jwt")]
#[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
pub use self::jwt::{DetachedJws, DetachedJwsVerifier, JwsAlgorithm};
#[cfg(feature = "asymmetric")]
#[cfg_attr(docsrs, doc(cfg(feature = "asymmetric")))]
pub use self::keys::Fetch;
#[cfg(feature = "encrypted")]
pub(crate) use self::keys::PublicKey;
#[cfg(all(feature = "test-util", feature = "asymmetric"))]
pub(crate) use self::keys::key_pair;
#[cfg(any(feature = "message-signatures", feature = "jwt"))]
pub(crate) use self::keys::{AlgorithmKeys, KeyAlgorithm, PinnedKeys};
#[cfg(feature = "jwt")]
pub(crate) use self::keys::{Found, Keys, MAX_REFETCHES, fetched};
#[cfg(feature = "message-signatures")]
#[cfg_attr(docsrs, doc(cfg(feature = "message-signatures")))]
pub use self::message_signature::{MessageAlgorithm, MessageSignature, MessageSignatureVerifier};
pub use self::{
    cached_lookup::CachedLookup,
    context::RequestContext,
    endpoint::Endpoint,
    error::VerifyError,
    from_fn::{FromFn, from_fn},
    location::{InvalidLocation, Location, Locations},
    lookup::Lookup,
    profile::{Attempt, Profile, SignedEncoding, Tolerance},
    scheme::{Algorithm, Encoding, InvalidScheme, Scheme, SchemeVerifier, TimeUnit},
    standalone::{verify_in, verify_request},
    verified::Verified,
};
pub(crate) use self::{
    content_coding::{ContentCoding, ContentError, DecodedLimits},
    error::Reason,
    keys::{Candidates, Keyring, MacKind, Macs, digest, fingerprint},
    location::{RequestValue, header_name},
    lookup::sealed::Find,
    request::{
        Parameters, Proxies, UrlSource, all_sorted_parameters, called_path, called_url, form_field,
        multipart_field, only_parameter, optional_header, parameter, scan, signed_headers, single_header,
        sorted_parameters, without_bom,
    },
    standalone::{verified, wait},
};
#[cfg(feature = "asymmetric")]
pub(crate) use self::{
    keys::{
        Certificate, KeyCache, KeyList, PinnedChain, PublicKeys, PublicKind, Signatures, SignedMessage,
        in_force, pem,
    },
    request::endpoint_url,
};

/// Verifies that a request was sent by the provider.
///
/// # Implementing it
///
/// An implementation must
///
/// * compare in constant time ([`constant_time_eq`]), and compute only one MAC per secret, however many
///   signatures a request has;
/// * never panic: header values may contain any bytes;
/// * leave the check of the timestamp to the layer: if the timestamp is in the head, return it from
///   [`Check::timestamp`]; if it is in the body, set it with [`Verified::with_timestamp`].
///
/// An implementation may prepare keys when it is built, reject a request from its head alone, and finish
/// [later](Finish::later) if it must fetch a key first.
///
/// `Arc<V>` and `Box<V>` are verifiers too, including `Arc<dyn Verifier>` and `Box<dyn Verifier>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a webhook verifier",
    note = "use one of `tower_webhook::provider`, such as `provider::github(secret)`, or \
            `tower_webhook::verify::from_fn(|request, body| …)`",
    note = "a constructor of a provider that decodes its secret returns a `Result`: add a `?`",
    note = "a `Scheme` becomes one: `scheme.verifier(\"acme\", secret)?`"
)]
pub trait Verifier: Send + Sync + 'static {
    /// Begins the verification of a request from its head, before the body is read.
    ///
    /// A [`Check`] that needs the context later must copy it.
    ///
    /// # Errors
    ///
    /// Returns an error if the head alone shows that the request is not genuine: its signature is missing or
    /// malformed, or cannot match any body.
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError>;

    /// Returns the facts about the provider. The layer's own settings take precedence.
    fn profile(&self) -> &Profile;

    /// Answers a verification handshake that is not signed and needs no body, such as Meta's
    /// `hub.challenge`.
    ///
    /// The layer calls this method before it verifies the signature. If the method returns a response, the
    /// layer sends that response and does not call the handler.
    fn handshake(&self, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
        let _ = request;
        None
    }

    /// Answers a verification handshake that is a signed request, such as Slack's `url_verification`.
    ///
    /// The layer calls this method once the request is verified, with the [payload](crate::Delivery::payload)
    /// as `body`. If the method returns a response, the layer sends that response and does not call the
    /// handler.
    fn signed_handshake(&self, request: &RequestContext<'_>, body: &Bytes) -> Option<Response<Bytes>> {
        let _ = (request, body);
        None
    }
}

/// Implements `Verifier` for a smart pointer.
macro_rules! pointers_verify {
    ($($pointer:ident),+) => {$(
        impl<V: Verifier + ?Sized> Verifier for $pointer<V> {
            fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
                (**self).begin(request)
            }

            fn profile(&self) -> &Profile {
                (**self).profile()
            }

            fn handshake(&self, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
                (**self).handshake(request)
            }

            fn signed_handshake(&self, request: &RequestContext<'_>, body: &Bytes) -> Option<Response<Bytes>> {
                (**self).signed_handshake(request, body)
            }
        }
    )+};
}
pointers_verify!(Arc, Box);

/// The verification of one request: it begins after the head of the request, and ends with the body.
pub trait Check: Send {
    /// Returns the signed timestamp, if it is in the head. The layer can then reject a stale request before
    /// it reads the body. The signature must cover the timestamp.
    fn timestamp(&self) -> Option<SystemTime> {
        None
    }

    /// Processes the next bytes of the body. The layer passes all bytes, in order.
    fn update(&mut self, bytes: &[u8]);

    /// Finishes the verification. `body` is the concatenation of all bytes passed to
    /// [`update`](Self::update).
    fn finish(self: Box<Self>, body: &Bytes) -> Finish;
}

/// The result of a [`Check`]: available at once, or [later](Self::later).
pub struct Finish(pub(crate) Finishing);

pub(crate) enum Finishing {
    Now(Result<Verified, VerifyError>),
    Later(Later),
}

pub(crate) type Later = Pin<Box<dyn Future<Output = Result<Verified, VerifyError>> + Send>>;

impl Finish {
    /// Creates a result that is available later, for schemes whose key is named in the request and must be
    /// fetched.
    ///
    /// The layer waits at most 10 seconds, then rejects the request with 503 (`verifier_unavailable`). Return
    /// [`VerifyError::unavailable`] if the key cannot be fetched, so that the provider retries.
    ///
    /// # Cancel safety
    ///
    /// The layer drops the future after 10 seconds, or when the client disconnects.
    pub fn later<F>(future: F) -> Self
    where
        F: Future<Output = Result<Verified, VerifyError>> + Send + 'static,
    {
        Self(Finishing::Later(Box::pin(future)))
    }
}

impl Finish {
    /// Changes the facts that a successful check found.
    pub(crate) fn map(self, change: impl FnOnce(Verified) -> Verified + Send + 'static) -> Self {
        Self(match self.0 {
            Finishing::Now(outcome) => Finishing::Now(outcome.map(change)),
            Finishing::Later(later) => Finishing::Later(Box::pin(async move { later.await.map(change) })),
        })
    }

    /// Continues with another check if this one fails.
    #[cfg(feature = "asymmetric")]
    pub(crate) fn or_else(self, next: impl FnOnce(VerifyError) -> Self + Send + 'static) -> Self {
        match self.0 {
            Finishing::Now(Err(error)) => next(error),
            Finishing::Now(verified) => verified.into(),
            Finishing::Later(later) => Self::later(async move {
                match later.await {
                    Ok(verified) => Ok(verified),
                    Err(error) => match next(error).0 {
                        Finishing::Now(outcome) => outcome,
                        Finishing::Later(later) => later.await,
                    },
                }
            }),
        }
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

/// Returns whether two byte strings are equal, in a time that depends only on their lengths.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Returns the index of the first of `tokens` that equals `sent`. Compares every token, so that the time does
/// not reveal which one matches.
pub(crate) fn matching_token<T: AsRef<[u8]>>(
    tokens: impl IntoIterator<Item = T>,
    sent: &[u8],
) -> Option<usize> {
    tokens.into_iter().enumerate().fold(None, |first, (index, token)| {
        let matches = constant_time_eq(sent, token.as_ref());
        first.or(matches.then_some(index))
    })
}

/// Parses a timestamp in whole seconds since the Unix epoch, written in ASCII digits only.
///
/// Returns `None` for text with a sign, a space or a fraction, and for a time that a [`SystemTime`] cannot
/// represent. If the signed text has another value directly next to the timestamp, also require ten digits,
/// as every time from 2001 to 2286 has. Otherwise an attacker could move a digit between the two values.
#[must_use]
pub fn unix_seconds(text: &[u8]) -> Option<SystemTime> {
    TimeUnit::Seconds.read_any_length(text).ok()
}

/// Parses a number written in ASCII digits only.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    let mut number: u64 = 0;
    for byte in text {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    (!text.is_empty()).then_some(number)
}
