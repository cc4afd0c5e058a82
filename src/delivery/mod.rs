//! The request extensions for the handler: always a [`Delivery`], and an [`Event<T>`] if the layer has a
//! payload type.
//!
//! ```
//! use http::Request;
//! use serde::Deserialize;
//! use tower_webhook::{Body, Delivery, Event};
//!
//! #[derive(Debug, Deserialize)]
//! struct Ping { zen: String }
//!
//! // With the feature `axum` both are also extractors.
//! fn handle(request: &Request<Body>) -> Option<()> {
//!     let delivery = request.extensions().get::<Delivery>()?;
//!     let ping = request.extensions().get::<Event<Ping>>()?;
//!     println!("{:?} {:?}: {}", delivery.event_type(), delivery.id(), ping.zen);
//!     Some(())
//! }
//! ```
//!
//! `handle` returns `None` if no layer is above the handler, or if the layer decodes another type. Answer 500
//! in that case, as the extractors do: a 2xx would acknowledge a delivery that was never handled.

#[cfg(feature = "axum")]
pub mod axum;
mod event;
mod event_types;
mod field_path;
mod items;

use std::{
    any::TypeId,
    borrow::Cow,
    fmt, iter, str,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, request::Parts};
use serde::de::DeserializeOwned;

pub(crate) use self::items::{AcquiredItem, Claims, ItemGuard};
pub use self::{
    event::{DecodeError, Event},
    event_types::EventTypes,
    items::{Item, ItemClaim},
};
use crate::{
    BoxError,
    store::{ClaimHandle, ClaimOwner, Key, TransactionState},
    verify::{ContentError, Endpoint, Location, RequestContext, RequestValue, Verified, Verifier, digest},
};

/// A verified delivery: its payload and metadata.
///
/// Cloning is cheap; clones share their data.
#[derive(Clone)]
pub struct Delivery {
    facts: Arc<DeliveryFacts>,
    key: Option<Key>,
    fencing: Option<u64>,
}

struct DeliveryFacts {
    endpoint: Endpoint,
    claims: Arc<dyn Claims>,
    verified: Verified,
    /// The id from the profile's location, if the verifier did not return one.
    id: Option<RequestText>,
    /// The event type in the head, and the index of its location in the profile: an earlier location in the
    /// body takes precedence.
    event_type: Option<(usize, RequestText)>,
    /// Computed on first use.
    event_type_in_body: OnceLock<Option<Box<str>>>,
    attempt: Option<u32>,
    body: Bytes,
    /// The layer's payload type, if it has one, and the error that decoding failed with.
    undecoded: OnceLock<(Option<TypeId>, DecodeError)>,
    /// A digest that distinguishes the receivers of an event, if it is part of the key.
    receiver: Option<u64>,
    /// The owner of the delivery's claim. Stored here, not in the `Delivery`, which must be small because the
    /// future of each request contains it.
    owner: OnceLock<ClaimOwner>,
    /// The owners of outer layers' claims on the delivery's key and on its replay key.
    shared: [OnceLock<ClaimOwner>; 2],
    /// The state of the transactions that complete the delivery or its items.
    transaction: OnceLock<Arc<TransactionState>>,
    /// The delivery of the next outer layer.
    above: Option<Box<Delivery>>,
}

impl Delivery {
    pub(crate) fn new(
        endpoint: Endpoint,
        verified: Verified,
        body: Bytes,
        request: &RequestContext<'_>,
        claims: Arc<dyn Claims>,
    ) -> Self {
        let (head, profile) = (request.head(), endpoint.verifier().profile());
        let payload = verified.payload.as_deref().unwrap_or(&body);
        let find = |location: &Location| location.first(head, payload).map(RequestText::from);
        let find_value = |location: &Location| find(location).filter(|text| !text.as_str().is_empty());
        let id = match verified.id {
            None if !verified.is_id_final => profile.id().iter().find_map(find_value),
            _ => None,
        };
        // Only the head is searched here. The body is searched on the first call of `event_type`, when the
        // head is gone.
        let event_type = match verified.event_type {
            Some(_) => None,
            None => {
                let places = profile.event_type().iter().enumerate();
                let mut in_head = places.filter(|(_, location)| !location.is_in_body());
                in_head.find_map(|(index, location)| Some((index, find_value(location)?)))
            }
        };
        let attempt = profile.attempt().and_then(|attempt| {
            let text = find(attempt.location());
            attempt.of(text.as_ref().map(RequestText::as_str))
        });
        let facts = DeliveryFacts {
            receiver: claims.receiver(request, &endpoint),
            endpoint,
            claims,
            verified,
            id,
            event_type,
            event_type_in_body: OnceLock::new(),
            attempt,
            body,
            undecoded: OnceLock::new(),
            owner: OnceLock::new(),
            shared: Default::default(),
            transaction: OnceLock::new(),
            above: head.extensions.get().map(above),
        };
        Self { facts: Arc::new(facts), key: None, fencing: None }
    }

    /// Returns the delivery id, which is the same for all attempts. Not every signature covers it
    /// ([`Profile::id_signed`](crate::verify::Profile::id_signed)).
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        let known = self.facts.verified.id.as_deref();
        known.or(self.facts.id.as_ref().map(RequestText::as_str)).filter(|id| !id.is_empty())
    }

    /// Returns the signed timestamp, if the scheme has one. It was within the tolerance.
    #[must_use]
    pub fn timestamp(&self) -> Option<SystemTime> {
        self.facts.verified.timestamp
    }

    /// Returns the event type in the provider's spelling. Computed on first use if it is in the body.
    ///
    /// Not every signature covers it
    /// ([`Profile::event_type_signed`](crate::verify::Profile::event_type_signed)). GitHub and others send it
    /// in an unsigned header: do not give one type more privileges than another.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        let known = self.facts.verified.event_type.as_deref();
        let in_head = || self.facts.event_type.as_ref().map(|(_, text)| text.as_str());
        let event_type = known.or_else(|| self.event_type_in_body()).or_else(in_head);
        event_type.filter(|event_type| !event_type.is_empty())
    }

    /// Returns the event type for filtering and routing. `None` if there is no type, or if the provider sends
    /// batches, whose events may have several types.
    pub(crate) fn single_event_type(&self) -> Option<&str> {
        (!self.verifier().profile().batch()).then(|| self.event_type()).flatten()
    }

    fn event_type_in_body(&self) -> Option<&str> {
        let places = self.verifier().profile().event_type();
        let places = match &self.facts.event_type {
            Some((in_head, _)) => places.get(..*in_head).unwrap_or_default(),
            None => places,
        };
        let find = |location: &Location| {
            let body = match location {
                Location::Json(_) => self.json_bytes(),
                _ => Cow::Borrowed(&**self.payload()),
            };
            let text = location.first_in_body(&body).filter(|text| !text.is_empty());
            text.map(Into::into)
        };
        self.facts.event_type_in_body.get_or_init(|| places.iter().find_map(find)).as_deref()
    }

    /// Returns the attempt number, counted from 1, if the provider sends it
    /// ([`Profile::attempt`](crate::verify::Profile::attempt)). Most providers send it in an unsigned header:
    /// use it for logs and metrics, not for decisions.
    #[must_use]
    pub fn attempt(&self) -> Option<u32> {
        self.facts.attempt
    }

    /// Returns the provider's name, such as `github`.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.verifier().profile().provider()
    }

    /// Returns the verified payload, which is also the body that the handler receives.
    ///
    /// It is the [`raw`](Self::raw) body, except in three cases. If the body is encoded (`content-encoding:
    /// gzip`), the payload is the decoded body; this requires the feature `compression`. If the signature
    /// covers only JSON that is derived from the request, the payload is that JSON: the signed fields of an
    /// Amazon SNS message, the payload of a token (Apple, Wix), the JSON in a form field (Gitea, Gogs) or in the
    /// query (Gitea), or canonical JSON (Inngest). If the body is encrypted (Feishu), the payload is the
    /// decrypted body.
    ///
    /// [`Profile::body_signed`](crate::verify::Profile::body_signed) is `false` for providers whose signature
    /// does not cover the payload.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        self.facts.verified.payload.as_deref().unwrap_or(&self.facts.body)
    }

    /// Returns the body as received: encoded if it has a `content-encoding`, and including data that the
    /// signature does not cover. It shares its bytes with the [`payload`](Self::payload) if the two are
    /// equal.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.facts.body
    }

    /// Decodes the payload from JSON, regardless of its content type. JSON in a form field is extracted if
    /// the provider posts it there.
    ///
    /// ```
    /// use tower_webhook::{DecodeError, Delivery};
    ///
    /// # #[derive(serde::Deserialize)] struct Push { r#ref: String }
    /// fn branch(delivery: &Delivery) -> Result<String, DecodeError> {
    ///     let push: Push = delivery.json()?;
    ///     Ok(push.r#ref)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the payload is not JSON, or does not decode to a `T`. The error names the field
    /// that failed.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        let json = self.json_bytes();
        serde_json::from_slice(&json).map_err(|error| DecodeError::json::<T>(&json, error))
    }

    /// Decodes the payload from a form, regardless of its content type.
    ///
    /// # Errors
    ///
    /// Returns an error if the payload is not a form, or does not decode to a `T`. The error names the field
    /// that failed.
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn form<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        let form = self.payload();
        serde_html_form::from_bytes(form).map_err(|error| DecodeError::form::<T>(form, error))
    }

    /// Returns the error if the layer could not decode the body's `content-encoding` or the payload, and the
    /// layer's policy is [`Undecodable::HandOver`](crate::Undecodable::HandOver) or
    /// [`Undecodable::Acknowledge`](crate::Undecodable::Acknowledge). `None` if decoding succeeded, or if
    /// there was nothing to decode.
    ///
    /// The error's [`source`](std::error::Error::source) may quote the payload.
    #[must_use]
    pub fn decode_error(&self) -> Option<&DecodeError> {
        self.facts.undecoded.get().map(|(_, error)| error)
    }

    /// Records the error of decoding, for this delivery and its existing clones. `type_id` is the layer's
    /// payload type, if it has one.
    pub(crate) fn set_undecoded(&self, type_id: Option<TypeId>, error: BoxError) {
        // Each delivery is decoded once.
        let _ = self.facts.undecoded.set((type_id, DecodeError::from_any(error)));
    }

    /// Returns whether the body has a content coding that the layer cannot decode.
    pub(crate) fn has_undecoded_content(&self) -> bool {
        let source = self.decode_error().and_then(std::error::Error::source);
        source.is_some_and(|source| source.is::<ContentError>())
    }

    /// Returns whether this layer or an outer layer handed the delivery over because its payload does not
    /// decode to the type `type_id`.
    #[cfg(feature = "axum")]
    pub(crate) fn is_not_a(&self, type_id: TypeId) -> bool {
        let mut layers = iter::successors(Some(self), |delivery| delivery.facts.above.as_deref());
        layers.any(|delivery| {
            delivery.facts.undecoded.get().is_some_and(|(failed, _)| *failed == Some(type_id))
        })
    }

    /// Returns the index of the secret that matched, counted from 0 in the order in which the secrets were
    /// given. During a secret rotation it shows whether the old secret is still in use.
    #[must_use]
    pub fn secret_index(&self) -> usize {
        self.facts.verified.secret_index
    }

    /// Returns the deduplication key, for [`Store::forget`](crate::store::Store::forget). `None` if
    /// nothing identifies the delivery, or if the layer has no store.
    #[must_use]
    pub fn dedupe_key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Returns the key of the body, which [`replay_guard`](crate::WebhookLayer::replay_guard) claims in
    /// addition to the [`dedupe_key`](Self::dedupe_key). To let the delivery run again, forget both keys. The
    /// two keys are equal if the delivery would have no key without the guard. `None` if the guard is off, if
    /// the signature covers the id, or if the layer has no store.
    #[must_use]
    pub fn replay_key(&self) -> Option<Key> {
        self.key.as_ref().and_then(|_| self.claims().replay_key(self))
    }

    /// Returns whether duplicates of this delivery are recognized. It is `false` without a key or a store,
    /// and if the store failed and the layer [proceeded](crate::StoreFailure::Proceed).
    #[must_use]
    pub fn is_deduped(&self) -> bool {
        self.fencing.is_some()
    }

    /// Returns the fencing token. It increases each time this delivery runs: reject writes with a lower
    /// token, so that a stalled earlier run cannot overwrite a later one. `None` if and only if
    /// [`is_deduped`](Self::is_deduped) is `false`.
    ///
    /// ```
    /// use tower_webhook::Delivery;
    ///
    /// /// Returns whether no later run of this delivery has written to the row, which holds the last token.
    /// fn may_write(delivery: &Delivery, last_token: u64) -> bool {
    ///     delivery.fencing_token().is_none_or(|token| token >= last_token)
    /// }
    /// ```
    #[must_use]
    pub fn fencing_token(&self) -> Option<u64> {
        self.fencing
    }

    /// Returns a handle to the claim on this delivery, for completing the claim outside of the layer. `None`
    /// if and only if [`is_deduped`](Self::is_deduped) is `false`.
    ///
    /// ```
    /// use tower_webhook::Delivery;
    ///
    /// fn log(delivery: &Delivery) {
    ///     if let Some(handle) = delivery.claim_handle() {
    ///         println!("{} is claimed and will be remembered for {:?}", handle.key(), handle.window());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn claim_handle(&self) -> Option<ClaimHandle> {
        self.fencing.and_then(|_| self.handle())
    }

    /// Returns a handle like [`claim_handle`](Self::claim_handle), even if the claim is not confirmed.
    pub(crate) fn handle(&self) -> Option<ClaimHandle> {
        let (key, own) = (self.key.clone()?, self.facts.owner.get()?);
        let [owner, replay_owner] =
            self.facts.shared.each_ref().map(|shared| shared.get().unwrap_or(own).clone());
        let replay_key = self.replay_key().filter(|replay_key| *replay_key != key);
        let window = self.claims().window(self.verifier().profile());
        let replay_claim = replay_key.map(|key| (key, replay_owner));
        Some(ClaimHandle::new(key, owner, window).with_replay_claim(replay_claim))
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.facts.endpoint
    }

    pub(crate) fn verifier(&self) -> &dyn Verifier {
        self.facts.endpoint.verifier()
    }

    pub(crate) fn key_fingerprint(&self) -> Option<u64> {
        self.facts.verified.fingerprint
    }

    pub(crate) fn receiver(&self) -> Option<u64> {
        self.facts.receiver
    }

    /// Returns a digest of the body: the MAC if it covers the whole body, otherwise a hash.
    pub(crate) fn body_digest(&self) -> [u8; 32] {
        self.facts.verified.mac.unwrap_or_else(|| digest(self.payload()))
    }

    fn claims(&self) -> &dyn Claims {
        &*self.facts.claims
    }

    /// Sets the key and the owner of its claim. The claim is not confirmed until
    /// [`set_claimed`](Self::set_claimed), and never if the store fails.
    pub(crate) fn set_key(&mut self, key: Key, owner: ClaimOwner) {
        self.key = Some(key);
        // A delivery is claimed once.
        let _ = self.facts.owner.set(owner);
    }

    /// Sets the state of the transactions that complete the delivery or its items.
    pub(crate) fn set_transaction(&self, transaction: Arc<TransactionState>) {
        // A delivery is claimed once.
        let _ = self.facts.transaction.set(transaction);
    }

    pub(crate) fn transaction(&self) -> Option<Arc<TransactionState>> {
        self.facts.transaction.get().cloned()
    }

    pub(crate) fn set_claimed(&mut self, fencing: u64) {
        self.fencing = Some(fencing);
    }

    /// Records that an outer layer holds the claim on `key`.
    #[cold]
    pub(crate) fn set_shared(&self, key: &Key, owner: ClaimOwner) {
        let [id, body] = &self.facts.shared;
        let shared = if self.key.as_ref() == Some(key) { id } else { body };
        // Each key is claimed once.
        let _ = shared.set(owner);
    }

    pub(crate) fn is_nested(&self) -> bool {
        self.facts.above.is_some()
    }

    /// Returns the claims on `key` that outer layers made, or may have made, for this request.
    pub(crate) fn claims_above(&self, key: &Key) -> impl Iterator<Item = ClaimAbove> {
        let above = iter::successors(self.facts.above.as_deref(), |above| above.facts.above.as_deref());
        above.filter_map(move |above| {
            let is_claimed = above.key.as_ref() == Some(key) || above.replay_key().as_ref() == Some(key);
            Some(ClaimAbove {
                owner: above.facts.owner.get().filter(|_| is_claimed)?.clone(),
                lease: above.claims().lease(above.verifier().profile()),
                fencing: above.fencing,
            })
        })
    }

    /// Returns the owner of an outer layer's claim on `key`, as far as is known without the store: of the
    /// outermost confirmed claim, or else of the outermost claim, which may have been made.
    #[cold]
    pub(crate) fn owner_above(&self, key: &Key) -> Option<ClaimOwner> {
        let outermost = || self.claims_above(key).last();
        let confirmed = self.claims_above(key).filter(|above| above.fencing.is_some()).last();
        confirmed.or_else(outermost).map(|above| above.owner)
    }

    /// Returns whether the request runs under a claim of an outer layer. The handler must then not outlive
    /// the request, because the outer layer settles that claim when the request ends.
    #[cold]
    pub(crate) fn shares_outer_claim(head: &Parts) -> bool {
        let delivery = head.extensions.get::<Self>();
        delivery.is_some_and(|delivery| {
            delivery.fencing.is_some() && delivery.facts.shared.iter().any(|owner| owner.get().is_some())
        })
    }

    fn json_bytes(&self) -> Cow<'_, [u8]> {
        self.verifier().profile().json_in(self.payload())
    }
}

/// A claim that an outer layer may hold for the same request.
pub(crate) struct ClaimAbove {
    pub(crate) owner: ClaimOwner,
    pub(crate) lease: Duration,
    /// `None` if the store failed and that layer proceeds without a confirmed claim.
    pub(crate) fencing: Option<u64>,
}

/// Clones the outer layer's delivery. Boxed, because most requests have no outer layer.
#[cold]
fn above(delivery: &Delivery) -> Box<Delivery> {
    Box::new(delivery.clone())
}

#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
impl crate::store::Completable for Delivery {}

#[cfg(feature = "postgres")]
impl crate::store::SealedCompletable for Delivery {
    fn claim(&self) -> Option<(ClaimHandle, bool)> {
        Some((self.handle()?, self.is_deduped()))
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Omits the payload, because `Debug` output ends up in logs.
        f.debug_struct("Delivery")
            .field("provider", &self.provider())
            .field("id", &self.id())
            .field("timestamp", &self.timestamp())
            .field("bytes", &self.payload().len())
            .field("is_deduped", &self.is_deduped())
            .finish_non_exhaustive()
    }
}

/// Text from the request. A header value is kept as it is, without a copy.
enum RequestText {
    Header(HeaderValue),
    Owned(Box<str>),
}

impl From<RequestValue<'_>> for RequestText {
    fn from(value: RequestValue<'_>) -> Self {
        match value {
            RequestValue::Header(value) => Self::Header(value.clone()),
            RequestValue::Text(text) => Self::Owned(text.into()),
        }
    }
}

impl RequestText {
    /// Returns the text; empty if the header is not UTF-8.
    fn as_str(&self) -> &str {
        match self {
            Self::Header(value) => str::from_utf8(value.as_bytes()).unwrap_or_default(),
            Self::Owned(text) => text,
        }
    }
}
