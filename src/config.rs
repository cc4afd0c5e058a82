//! The settings of a layer, shared by all its services.

use std::{
    any::TypeId,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{Extensions, Response, request, response};

use crate::{
    BoxError, Clock, Delivery, EventTypes, Rejection, Secret, SystemClock,
    budget::{BufferBudget, Discards},
    dedupe::Dedupe,
    observe::{Observer, PerMinute, Registry},
    store::{AnyStore, MokaStore},
    verify::{Endpoint, Find, Proxies},
};

#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) endpoint: EndpointSource,
    /// The count of failed lookups, which is logged at most once a minute.
    pub(crate) failed_lookups: Arc<PerMinute>,
    pub(crate) public_url: Option<Arc<str>>,
    pub(crate) proxies: Option<Proxies>,
    pub(crate) verify_token: Option<Secret>,
    pub(crate) only_if: Option<OnlyIf>,
    pub(crate) only_events: Option<EventTypes>,
    pub(crate) decode: Option<Decode>,
    pub(crate) on_undecodable: Undecodable,
    pub(crate) body_limit: Option<usize>,
    pub(crate) body_timeout: Duration,
    pub(crate) forward_trailers: bool,
    pub(crate) buffer_budget: Arc<BufferBudget>,
    pub(crate) discards: Arc<Discards>,
    pub(crate) tolerance: Option<Duration>,
    pub(crate) dedupe: Dedupe,
    /// The default store, shared by clones. `None` if another store is set or deduplication is off.
    pub(crate) default_store: Option<Arc<OnceLock<AnyStore>>>,
    /// `true` if handlers run in their own tasks.
    pub(crate) detached: bool,
    pub(crate) ack_deadline: Option<Duration>,
    pub(crate) complete_when: Option<CompleteWhen>,
    pub(crate) problem_json: bool,
    pub(crate) on_rejection: Option<OnRejection>,
    pub(crate) observer: Observer,
    pub(crate) clock: Arc<dyn Clock>,
}

pub(crate) type OnlyIf = Arc<dyn Fn(&request::Parts) -> bool + Send + Sync>;
pub(crate) type DecodeWith = Arc<dyn Fn(&Delivery, &mut Extensions) -> Result<(), BoxError> + Send + Sync>;
pub(crate) type CompleteWhen = Arc<dyn Fn(&response::Parts) -> bool + Send + Sync>;
pub(crate) type OnRejection = Arc<dyn Fn(&Rejection, Response<Bytes>) -> Response<Bytes> + Send + Sync>;

/// The decoder of payloads.
#[derive(Clone)]
pub(crate) struct Decode {
    pub(crate) type_id: TypeId,
    /// Inserts the event into the extensions.
    pub(crate) with: DecodeWith,
}

/// The policy for payloads that cannot be decoded, set with
/// [`on_undecodable`](crate::WebhookLayer::on_undecodable).
///
/// The payload is decoded before the delivery is claimed. With [`Reject`](Self::Reject) and
/// [`Acknowledge`](Self::Acknowledge), an undecodable delivery is therefore neither claimed nor remembered.
/// In two cases, the policy does not apply, and the layer rejects the request with 422: if the extractor
/// `Payload<T>` of an axum handler cannot decode the payload, and if the signature covers the decoded body
/// but the `content-encoding` cannot be decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undecodable {
    /// Responds with 422, so that the provider retries, or keeps the event in its log. The default. If the
    /// provider never retries after a 4xx (Okta, Amazon SNS), the event is lost: use
    /// [`HandOver`](Self::HandOver). Some providers disable an endpoint after many such responses.
    #[default]
    Reject,
    /// Responds with 200 without calling the handler, and logs a `WARN` (feature `tracing`). **The provider
    /// does not retry the event**: store the [`Delivery`], which
    /// [`on_outcome`](crate::WebhookLayer::on_outcome) receives with its payload and
    /// [error](Delivery::decode_error).
    Acknowledge,
    /// Calls the handler without an [`Event<T>`](crate::Event); [`Delivery::decode_error`] returns the
    /// reason. In axum, take an `Option<Event<T>>`, which is then `None`.
    ///
    /// If the layer cannot decode a delivery's `content-encoding`, the delivery has a different deduplication
    /// key from the same delivery without that header. With equal keys, an attacker could add the header to a
    /// captured request, and the genuine delivery would count as a duplicate.
    HandOver,
}

#[derive(Clone)]
pub(crate) enum EndpointSource {
    Fixed(Endpoint),
    Lookup(Arc<dyn Find>),
}

impl Config {
    pub(crate) const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;
    pub(crate) const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);
    pub(crate) const DEFAULT_BUFFER_BUDGET: usize = 64 * 1024 * 1024;

    pub(crate) fn new(endpoint: EndpointSource) -> Self {
        let registry = Registry::default();
        Self {
            endpoint,
            failed_lookups: Arc::default(),
            public_url: None,
            proxies: None,
            verify_token: None,
            only_if: None,
            only_events: None,
            decode: None,
            on_undecodable: Undecodable::default(),
            body_limit: None,
            body_timeout: Self::DEFAULT_BODY_TIMEOUT,
            forward_trailers: false,
            buffer_budget: Arc::new(BufferBudget::new(Self::DEFAULT_BUFFER_BUDGET)),
            discards: Arc::default(),
            tolerance: None,
            dedupe: Dedupe::new(None, registry.clone()),
            default_store: Some(Arc::default()),
            detached: false,
            ack_deadline: None,
            complete_when: None,
            problem_json: false,
            on_rejection: None,
            observer: Observer { on_outcome: None, registry },
            clock: Arc::new(SystemClock),
        }
    }

    /// Returns the settings of a service. The first call creates the default store. The layer is complete by
    /// then, so the clock can be set before or after other settings.
    pub(crate) fn for_service(self: &Arc<Self>) -> Arc<Self> {
        let Some(default_store) = &self.default_store else { return Arc::clone(self) };
        let create =
            || AnyStore::new(MokaStore::with_clock(MokaStore::DEFAULT_CAPACITY, Arc::clone(&self.clock)));
        let mut config = Self::clone(self);
        config.dedupe.store = Some(default_store.get_or_init(create).clone());
        Arc::new(config)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("endpoint", &self.endpoint)
            .field("body_limit", &self.body_limit)
            .field("body_timeout", &self.body_timeout)
            .field("buffer_budget", &self.buffer_budget)
            .field("tolerance", &self.tolerance)
            .field("default_store", &self.default_store.is_some())
            .field("dedupe", &self.dedupe)
            .field("detached", &self.detached)
            .field("ack_deadline", &self.ack_deadline)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EndpointSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(endpoint) => endpoint.fmt(f),
            Self::Lookup(_) => f.write_str("Lookup"),
        }
    }
}
