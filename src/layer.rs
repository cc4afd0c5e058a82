//! [`WebhookLayer`]: what a user writes.

use std::{any::TypeId, fmt, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Extensions, Response, request, response};
use serde::de::DeserializeOwned;
use tower_layer::Layer;

use crate::{
    BoxError, Clock, Delivery, Event, EventTypes, IntoSecrets, InvalidSecret, Outcome, Rejection, Secret,
    StoreFailure, Undecodable, WebhookService,
    budget::BufferBudget,
    config::{Config, Decode, EndpointSource},
    dedupe::Background,
    provider,
    store::{AnyStore, Key, Store},
    task::Drain,
    verify::{Endpoint, Lookup, Proxies, Verifier},
};

/// Receives webhooks in front of a service: verifies each delivery, drops duplicates, and hands
/// over the payload.
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer};
///
/// let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
/// let layer = WebhookLayer::new(secret);
/// # Ok::<(), tower_webhook::InvalidSecret>(())
/// ```
///
/// It has no type parameters, so that it can be named and stored. Cloning is cheap; clones, and
/// all services that one layer makes, share its store and its budget.
///
/// Layers can be nested. Each verifies the delivery. If an outer layer holds the claim on the same key
/// in the same store (the same layer is on a router and on a route in it), the inner layer runs the handler
/// under that claim, and the outer layer settles it. This costs one more round trip to the store. While an outer layer
/// holds a claim on the same key, the inner one neither [detaches](Self::detached) the handler nor answers
/// at its [deadline](Self::ack_deadline). Two layers for Amazon SNS cannot be nested: the inner one finds no
/// signature in the payload.
///
/// What is set here wins over what is known of the provider (its [profile](Verifier::profile)),
/// which wins over the default. Durations and limits of zero mean the least possible, as each
/// method says: never "off".
#[derive(Clone)]
#[must_use]
pub struct WebhookLayer {
    config: Arc<Config>,
}

/// Which deliveries are believed.
impl WebhookLayer {
    /// Verifies [Standard Webhooks](crate::provider::standard_webhooks) signatures made with any
    /// of `secrets`.
    ///
    /// # Panics
    ///
    /// If a secret is not base64. [`try_new`](Self::try_new) returns that as an error.
    #[track_caller]
    pub fn new(secrets: impl IntoSecrets) -> Self {
        crate::secret::usable(Self::try_new(secrets))
    }

    /// [`new`](Self::new) for secrets that come from users or a database.
    ///
    /// # Errors
    ///
    /// If a secret is not base64.
    pub fn try_new(secrets: impl IntoSecrets) -> Result<Self, InvalidSecret> {
        Ok(Self::with_verifier(provider::standard_webhooks(secrets)?))
    }

    /// Verifies with `verifier`: one of [`provider`], or one of your own.
    pub fn with_verifier(verifier: impl Verifier) -> Self {
        Self { config: Arc::new(Config::new(EndpointSource::Fixed(Endpoint::new(verifier)))) }
    }

    /// Replaces the verifier, so that several providers can share one configured layer: its store, buffer budget,
    /// [drain](Self::drain), limits, payload type and hooks.
    ///
    /// It clears [`scope`](Self::scope), [`public_url`](Self::public_url) and [`verify_token`](Self::verify_token),
    /// which belong to one provider, and any [lookup](Self::with_lookup). The providers share a store, so a verifier
    /// that sets no fingerprint of its secret needs a new scope.
    ///
    /// ```
    /// use tower_webhook::{Secret, WebhookLayer, provider};
    ///
    /// # let [stripe, github]: [Secret; 2] = ["stripe's secret".parse()?, "github's secret".parse()?];
    /// let stripe = WebhookLayer::with_verifier(provider::stripe(stripe)).buffer_budget(32 * 1024 * 1024);
    /// let github = stripe.clone().verifier(provider::github(github));
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    pub fn verifier(self, verifier: impl Verifier) -> Self {
        let layer = self.with(|config| {
            config.endpoint = EndpointSource::Fixed(Endpoint::new(verifier));
            config.public_url = None;
            config.verify_token = None;
            config.dedupe.scope = None;
            config.dedupe.needs_scope = true;
        });
        #[cfg(feature = "tracing")]
        warn_of_late_answers(&layer.config);
        layer
    }

    /// Verifies each request for the endpoint that `lookup` finds, for instance that of the tenant in its path.
    ///
    /// An [`Endpoint`](crate::verify::Endpoint) is a verifier, with a scope and with values for the request's
    /// extensions: insert the tenant there, so that the handler learns whose verifier matched.
    ///
    /// If there is no endpoint (`Ok(None)`), the request is rejected as `unknown_endpoint`. If the lookup returns an
    /// error or takes longer than a second, the request is rejected with 503. Lookups come before any verification,
    /// for anyone who can reach the layer: keep the endpoints in memory, or use a
    /// [`CachedLookup`](crate::verify::CachedLookup). Errors are logged at `WARN`, one for each request, so return
    /// `Ok(None)` for names that do not exist.
    ///
    /// Each endpoint needs a deduplication scope of its own, or tenants would drop each other's deliveries: a
    /// fingerprint of its secret, which all of [`provider`] have, or [`Endpoint::scope`](crate::verify::Endpoint::scope).
    /// Verified deliveries of an endpoint with neither are rejected with 503, and logged at `ERROR`.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use http::request::Parts;
    /// use tower_webhook::{Secret, WebhookLayer, provider, verify::Endpoint};
    ///
    /// #[derive(Clone)]
    /// struct Tenant(&'static str);
    ///
    /// let mut tenants = HashMap::new();
    /// for (path, name, secret) in [("/hooks/acme", "acme", "acme's secret"), ("/hooks/globex", "globex", "globex's")] {
    ///     let verifier = provider::github(secret.parse::<Secret>()?);
    ///     tenants.insert(path, Endpoint::new(verifier).insert(Tenant(name)));
    /// }
    /// let layer = WebhookLayer::with_lookup(move |head: &Parts| {
    ///     let endpoint = tenants.get(head.uri.path()).cloned();
    ///     async move { Ok(endpoint) }
    /// });
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    pub fn with_lookup(lookup: impl Lookup) -> Self {
        let mut config = Config::new(EndpointSource::Lookup(Arc::new(lookup)));
        config.dedupe.needs_scope = true;
        Self { config: Arc::new(config) }
    }

    /// How far a signed timestamp may be off, into the past and into the future, in whole seconds;
    /// less than 1 s counts as 1 s. Default: the provider's, else 300 s.
    ///
    /// It bounds for how long a request that leaked can be sent again, before deduping has its say.
    /// It is not the [dedupe window](Self::dedupe_window).
    pub fn tolerance(self, tolerance: Duration) -> Self {
        self.with(|config| config.tolerance = Some(tolerance.max(Duration::from_secs(1))))
    }

    /// Sets the URL that the provider was given, for those that sign it (Square, Trello, HubSpot, Twilio).
    ///
    /// Without it the URL is put together from `https://`, the `host` header and the request's path, so
    /// that signatures are wrong behind a proxy that changes the host or the path. The scheme is `https`
    /// whatever the request's URI says, because a proxy in front often ends TLS; set this for a provider
    /// that calls `http://`. A request whose `host` is not `host` or `host:port` is rejected.
    ///
    /// Without a query in `url`, the request's is added. With one, a request must have the same parameters,
    /// in the same or in another order, or that query and more parameters at its end. Any other query is
    /// rejected as a wrong signature. In a [`Scheme`](crate::verify::Scheme) this is the `{url}`;
    /// `{path_query}` is always the request's own.
    pub fn public_url(self, url: &str) -> Self {
        self.with(|config| config.public_url = Some(url.into()))
    }

    /// Takes the scheme and the host of the URL that was called, for providers that sign it, from
    /// `x-forwarded-proto` and `x-forwarded-host` of requests that come from any of `proxies`; `peer`
    /// returns the address that a request comes from. Of a list the last item counts, which the nearest
    /// proxy added. It must be `http` or `https`, and `host` or `host:port`; otherwise a request to a
    /// provider that signs the URL is rejected.
    ///
    /// These headers are ignored in all other requests.
    /// [`public_url`](Self::public_url) wins over it, and is the better choice where there is one URL.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use axum::extract::ConnectInfo;
    /// # use tower_webhook::{Secret, WebhookLayer, provider};
    ///
    /// # let secret: Secret = "a secret".parse()?;
    /// let layer = WebhookLayer::with_verifier(provider::hubspot_v3(secret))
    ///     .trust_forwarded(["10.0.0.7".parse()?], |head| {
    ///         head.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())
    ///     });
    /// # Ok::<(), tower_webhook::BoxError>(())
    /// ```
    pub fn trust_forwarded(
        self,
        proxies: impl IntoIterator<Item = IpAddr>,
        peer: impl Fn(&request::Parts) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        let addresses = proxies.into_iter().map(|address| address.to_canonical()).collect();
        let proxies = Proxies { addresses, peer: Arc::new(peer) };
        self.with(|config| config.proxies = Some(proxies))
    }

    /// The token that the provider was given for its handshake, where it has one (Meta's and
    /// WebSub's `hub.verify_token`, Asana, eBay). Without it such a handshake is refused like any unsigned
    /// request; eBay's needs [`public_url`](Self::public_url) as well.
    pub fn verify_token(self, token: Secret) -> Self {
        self.with(|config| config.verify_token = Some(token))
    }

    /// Leaves requests alone for which `only_if` is false: they reach the service as they are, not
    /// verified, not buffered, and without a [`Delivery`].
    ///
    /// For hosts where a layer cannot be put in a narrower place, such as tonic's
    /// `Server::builder().layer`. **A handler behind it must not take a request without a
    /// `Delivery` for a verified one.**
    pub fn only_if(self, only_if: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.only_if = Some(Arc::new(only_if)))
    }
}

/// What may be received.
impl WebhookLayer {
    /// The largest body, in bytes; 0 counts as 1. Larger ones are answered 413. Default: the
    /// provider's, else 1 MiB.
    pub fn body_limit(self, bytes: usize) -> Self {
        self.with(|config| config.body_limit = Some(bytes.max(1)))
    }

    /// How long a body may take to arrive, from the end of the head to its own; less than 1 ms
    /// counts as 1 ms. Slower ones are answered 408. Default: 10 s.
    pub fn body_timeout(self, timeout: Duration) -> Self {
        self.with(|config| config.body_timeout = timeout.max(SHORTEST))
    }

    /// How many bytes of bodies the layer may hold at once, in all its services; 0 counts as 1.
    /// Beyond it, requests are answered 503. Default: 64 MiB.
    ///
    /// It bounds the memory that senders can occupy before they are known to be genuine. A body
    /// larger than it can never be received, so set it to some multiple of the limit.
    pub fn buffer_budget(self, bytes: usize) -> Self {
        self.with(|config| config.buffer_budget = Arc::new(BufferBudget::new(bytes.max(1))))
    }
}

/// What the handler gets.
impl WebhookLayer {
    /// Ignores events of other types than these: they are answered 200 without being decoded, claimed or
    /// handled, and their outcome is [`OutcomeKind::Ignored`](crate::OutcomeKind::Ignored). Default: every event is handled. If called twice,
    /// the last list counts; an empty list ignores every delivery that has an event type.
    ///
    /// A delivery without an event type is handled, and so is every delivery of a provider that sends batches,
    /// whose events may be of several types. An ignored delivery is not remembered: once its type is listed, a
    /// redelivery is handled. It is better still to subscribe to these types only, where the provider allows it.
    ///
    /// Whether the signature covers the event type depends on the provider
    /// ([`Profile::event_type_signed`](crate::verify::Profile::event_type_signed)).
    ///
    /// ```
    /// # use tower_webhook::{Secret, WebhookLayer, provider};
    /// # let secret: Secret = "It's a Secret to Everybody".parse()?;
    /// let layer = WebhookLayer::with_verifier(provider::github(secret)).only_events(["push", "issues"]);
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    pub fn only_events(self, event_types: impl Into<EventTypes>) -> Self {
        self.with(|config| config.only_events = Some(event_types.into()))
    }

    /// Decodes each payload from JSON into an [`Event<T>`] for the handler. What cannot be decoded
    /// is answered 422 and not remembered, unless [`on_undecodable`](Self::on_undecodable) says otherwise.
    ///
    /// The content type is not looked at. A JSON payload that the provider posts in a form field
    /// (GitHub, if so configured) is found there. Of `json`, `form` (feature `form`) and
    /// [`decode`](Self::decode), the last one called counts.
    ///
    /// Give unknown event types a place in `T` (`#[serde(other)]`): a provider adds new ones, and
    /// a 422 makes it send them again in vain.
    pub fn json<T>(self) -> Self
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.decode(|delivery| delivery.json::<T>().map_err(Into::into))
    }

    /// [`json`](Self::json) for payloads that are forms. The content type is not looked at.
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn form<T>(self) -> Self
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.decode(|delivery| delivery.form::<T>().map_err(Into::into))
    }

    /// [`json`](Self::json) for payloads that are anything else: `decode` makes a `T` of them.
    ///
    /// ```
    /// # use tower_webhook::{Delivery, Secret, WebhookLayer};
    /// struct Lines(Vec<String>);
    ///
    /// let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
    /// let layer = WebhookLayer::new(secret).decode(|delivery: &Delivery| {
    ///     let text = std::str::from_utf8(delivery.payload())?;
    ///     Ok(Lines(text.lines().map(str::to_owned).collect()))
    /// });
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    pub fn decode<T, F>(self, decode: F) -> Self
    where
        T: Send + Sync + 'static,
        F: Fn(&Delivery) -> Result<T, BoxError> + Send + Sync + 'static,
    {
        self.with(|config| {
            let with = move |delivery: &Delivery, extensions: &mut Extensions| {
                // One that a layer above has decoded must not be taken for this layer's.
                extensions.remove::<Event<T>>();
                extensions.insert(Event::new(decode(delivery)?));
                Ok(())
            };
            config.decode = Some(Decode { type_id: TypeId::of::<T>(), with: Arc::new(with) });
        })
    }

    /// Sets how payloads are handled that cannot be decoded to the type of [`json`](Self::json), `form` or
    /// [`decode`](Self::decode). Default: [`Undecodable::Reject`], which answers 422.
    ///
    /// ```
    /// # use tower_webhook::{OutcomeKind, Secret, Undecodable, WebhookLayer};
    /// # #[derive(serde::Deserialize)] struct Invoice {}
    /// # fn store_dead_letter(_: &[u8]) {}
    /// # let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
    /// let layer = WebhookLayer::new(secret)
    ///     .json::<Invoice>()
    ///     .on_undecodable(Undecodable::Acknowledge)
    ///     .on_outcome(|outcome| match (outcome.kind(), outcome.delivery()) {
    ///         (OutcomeKind::Acknowledged, Some(delivery)) => store_dead_letter(delivery.payload()),
    ///         _ => {}
    ///     });
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    pub fn on_undecodable(self, policy: Undecodable) -> Self {
        self.with(|config| config.on_undecodable = policy)
    }

    /// Hands on the trailers of each request, the headers after its body. Default: off, because no signature
    /// covers them: an attacker who captures one request can send it with any trailers.
    pub fn forward_trailers(self) -> Self {
        self.with(|config| config.forward_trailers = true)
    }

    /// How long the handler may run; less than 1 ms counts as 1 ms. It is then dropped, its claim
    /// released, and 503 answered. Default: 10 minutes: without an end, a handler that hangs would
    /// keep its delivery from ever being handled.
    pub fn handler_timeout(self, timeout: Duration) -> Self {
        self.with(|config| config.dedupe.handler_timeout = timeout.max(SHORTEST))
    }

    /// Runs the handler in a task of its own, which goes on when the client hangs up or a time limit
    /// above the layer ends the request, and settles its claim whatever happens. Default: off; the
    /// handler is dropped with its request, and the provider's next attempt runs it anew.
    ///
    /// The task has the tracing span of the request (feature `tracing`). It is not counted by a
    /// `ConcurrencyLimit` *above* the layer once its request is gone: put that below. Before the
    /// process ends, wait for it with [`drain`](Self::drain). Outside a tokio runtime there are no
    /// tasks, and this does nothing.
    pub fn detached(self) -> Self {
        self.with(|config| config.detached = true)
    }

    /// When the provider must have an answer, from the moment that the service is called; less than
    /// 1 ms counts as 1 ms. Default: none. It implies [`detached`](Self::detached).
    ///
    /// A handler that has not finished by then goes on in its own task and the answer is 503 with a
    /// `Retry-After`: the provider tries again, and its next attempt is answered 503 too while the
    /// handler runs, and 200 once it has succeeded. If it fails, that attempt runs it anew. A 2xx
    /// in time would be nicer to look at, and lose the event whenever the handler then fails.
    ///
    /// So let it be shorter than the provider waits, by what the network needs, and use it for
    /// handlers that are *sometimes* slow: providers count 503s, and some switch off an endpoint
    /// that answers too many. It needs a provider that sends again. Handlers that are always slow
    /// should store the delivery, answer, and work afterwards.
    ///
    /// A delivery that is not [deduped](Delivery::is_deduped) (it has no id, or there is no store, or
    /// that is down) is answered when its handler has finished, whenever that is: its next attempt
    /// would not be known, and run beside it.
    ///
    /// A request of which the body, or the service's readiness, takes so long is refused in the same
    /// way, and its handler not called.
    ///
    /// How long providers wait is in their documentation here, and in
    /// [`Profile::ack_deadline`](crate::verify::Profile::ack_deadline). If this is not shorter, a
    /// warning is logged (feature `tracing`; not with [`with_lookup`](Self::with_lookup)): the
    /// provider would never see the answer.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tower_webhook::{Secret, WebhookLayer, provider};
    /// let secret: Secret = "…".parse()?;
    /// // Slack waits three seconds.
    /// let layer = WebhookLayer::with_verifier(provider::slack(secret)).ack_deadline(Duration::from_millis(2_500));
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    pub fn ack_deadline(self, deadline: Duration) -> Self {
        let layer = self.with(|config| {
            config.ack_deadline = Some(deadline.max(SHORTEST));
            config.detached = true;
        });
        #[cfg(feature = "tracing")]
        warn_of_late_answers(&layer.config);
        layer
    }

    /// Returns a handle that waits for handlers in tasks of their own, and for claims that are settled in the
    /// background because the store failed. Wait for it before the process ends.
    ///
    /// Clones of the layer share it. For layers that are built separately, see [`drain_with`](Self::drain_with).
    #[must_use]
    pub fn drain(&self) -> Drain {
        self.config.dedupe.background.drain().clone()
    }

    /// Makes `drain` wait for this layer's tasks as well, so that a service with several layers waits once. Default:
    /// each layer has its own [`drain`](Self::drain).
    ///
    /// Set it before any service is made: `drain` does not wait for the tasks of earlier services. The limits of
    /// settlements in the background remain those of each layer.
    ///
    /// ```
    /// use tower_webhook::{Drain, Secret, WebhookLayer, provider};
    ///
    /// # async fn example(stripe: Secret, github: Secret) {
    /// let drain = Drain::new();
    /// let stripe = WebhookLayer::with_verifier(provider::stripe(stripe)).detached().drain_with(&drain);
    /// let github = WebhookLayer::with_verifier(provider::github(github)).detached().drain_with(&drain);
    /// // … serve, and end gracefully; then:
    /// drain.finished().await;
    /// # }
    /// ```
    pub fn drain_with(self, drain: &Drain) -> Self {
        self.with(|config| config.dedupe.background = Background::new(drain.clone()))
    }

    /// Sets which answers of the handler complete the delivery. The others release it, so that the
    /// provider's next attempt runs.
    ///
    /// Default: a 2xx status with no `grpc-status` in the headers, or with `grpc-status: 0`. The body of
    /// the answer comes later and is not seen: a delivery counts as handled although a streamed answer
    /// breaks off, or the trailers of a gRPC call report a failure. Do the work before answering.
    ///
    /// The rejection of a nested layer never completes the delivery, and `complete` is not called for it.
    pub fn complete_when(self, complete: impl Fn(&response::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.complete_when = Some(Arc::new(complete)))
    }
}

/// What makes a delivery a duplicate.
impl WebhookLayer {
    /// Remembers deliveries in `store`. Default: a [`MokaStore`](crate::store::MokaStore) of 100,000 keys, which knows
    /// nothing of other processes.
    ///
    /// Other endpoints may use the same store, so a verifier that sets no fingerprint of its secret needs a
    /// [`scope`](Self::scope). Without either, verified deliveries are rejected with 503, and logged at `ERROR`.
    pub fn dedupe(self, store: impl Store) -> Self {
        self.with(|config| {
            config.dedupe.store = Some(AnyStore::new(store));
            config.dedupe.needs_scope = true;
            config.default_store = None;
        })
    }

    /// Remembers nothing: every copy of a delivery reaches the handler.
    pub fn without_dedupe(self) -> Self {
        self.with(|config| {
            config.dedupe.store = None;
            config.default_store = None;
        })
    }

    /// How long a handled delivery is remembered; less than 1 s counts as 1 s. Default: the
    /// provider's, else 8 days. Let it be longer than the provider retries.
    pub fn dedupe_window(self, window: Duration) -> Self {
        self.with(|config| config.dedupe.window = Some(window.max(Duration::from_secs(1))))
    }

    /// Makes the key that a delivery is known by, instead of the provider's id. Make it of what
    /// stays the same when the delivery is sent again, so neither of the signature nor of its
    /// timestamp. `None`: this delivery is not deduped, but by its body where that is
    /// [guarded](Self::replay_guard).
    ///
    /// ```
    /// # use tower_webhook::{Secret, WebhookLayer, store::Key};
    /// let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
    /// let layer = WebhookLayer::new(secret).dedupe_by(|head, _delivery| {
    ///     let order = head.headers.get("x-order")?.to_str().ok()?;
    ///     Some(Key::new("orders", order))
    /// });
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    pub fn dedupe_by(
        self,
        key_of: impl Fn(&request::Parts, &Delivery) -> Option<Key> + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.dedupe.key_of = Some(Arc::new(key_of)))
    }

    /// Where the signature does not cover the id (GitHub, Shopify), claims the body as well as the
    /// id, so that a leaked request is not run again under a fresh id, or with none. Elsewhere it does
    /// nothing. Costs two more round trips to the store. Default: off.
    ///
    /// The choice is between two risks. With it, two real events whose bodies are equal to the
    /// byte, such as an organisation's and a repository's hook on the same endpoint, count as one.
    /// Without it, whoever has got hold of one request, head and body, can have it run again.
    pub fn replay_guard(self) -> Self {
        self.with(|config| config.dedupe.replay_guard = true)
    }

    /// The scope of the dedupe keys: deliveries with the same id in the same scope are one.
    ///
    /// A key is `{provider}-{scope}:{id}`. By default the scope is a fingerprint of the secret that
    /// matched, because providers send the same id to each endpoint of an account. Where
    /// [several receivers share a secret](crate::verify::Profile::shared_secret), it also contains a digest
    /// of [`public_url`](Self::public_url) if that is set, else of the path that was called.
    ///
    /// A name set here replaces both, and that of an [`Endpoint`](crate::verify::Endpoint::scope) replaces this. Give each endpoint a name of its own, and the event survives
    /// what changes the default scope:
    ///
    /// * a rotation of the secret, after which an event may run twice;
    /// * a path that differs from attempt to attempt, because a proxy rewrites it.
    ///
    /// Set it as well where two receivers of one account look alike to the layer: two services with the same
    /// path, or two routes under axum's `nest`, which strips the prefix from the path.
    pub fn scope(self, scope: &str) -> Self {
        self.with(|config| config.dedupe.scope = Some(scope.into()))
    }

    /// Sets how long a claim lives once its process has died; less than 30 ms counts as 30 ms.
    /// Default: the provider's, where its retries all come quickly, else 30 s.
    ///
    /// Until the lease has ended, retries of the delivery are answered 503, so it must end before the
    /// provider's last retry. While the handler runs, the layer extends the lease every third of it. A
    /// handler that blocks its thread for longer than the lease may run twice: use `spawn_blocking`.
    ///
    /// The shortest sensible lease is 3 s, since the store has a second to answer and each answer should
    /// come within a third of the lease. With a shorter one, a store that is merely slow loses the claim
    /// of a handler that is running.
    pub fn lease(self, lease: Duration) -> Self {
        self.with(|config| config.dedupe.lease = Some(lease))
    }

    /// Sets how deliveries are handled while the store fails, or takes longer than a second. Default:
    /// [`StoreFailure::Proceed`] where the provider is documented never to retry (GitHub), else
    /// [`StoreFailure::Reject`]. With [`with_lookup`](Self::with_lookup), the profile of the
    /// endpoint's verifier decides.
    pub fn on_store_failure(self, policy: StoreFailure) -> Self {
        self.with(|config| config.dedupe.on_failure = Some(policy))
    }
}

/// What is told, and by which clock.
impl WebhookLayer {
    /// Calls `respond` with each rejection and the response that the layer has prepared for it, and answers with what
    /// it returns. Change the body and add headers there; the client is anyone, so reveal no details.
    ///
    /// No rejection can acknowledge a delivery by accident: a status below 400 is replaced by that of the prepared
    /// response, and a missing `Retry-After` is restored. The responses to gRPC requests are trailers-only: a
    /// `grpc-status` that is 0, missing or not a number is replaced. The response's extensions get the [`Rejection`]
    /// afterwards.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{HeaderValue, Response, header};
    /// # use tower_webhook::{Rejection, Secret, WebhookLayer};
    ///
    /// # let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
    /// let layer = WebhookLayer::new(secret).on_rejection(|rejection: &Rejection, mut response: Response<Bytes>| {
    ///     if !response.headers().contains_key("grpc-status") {
    ///         let json = format!(r#"{{"error":"{}"}}"#, rejection.kind());
    ///         *response.body_mut() = Bytes::from(json);
    ///         let content_type = HeaderValue::from_static("application/json");
    ///         response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    ///     }
    ///     response
    /// });
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    ///
    /// For standard JSON use [`rejections_as_problem_json`](Self::rejections_as_problem_json). axum's
    /// `Response<Body>` is another type: build the `Response<Bytes>` from the prepared one, as above.
    pub fn on_rejection(
        self,
        respond: impl Fn(&Rejection, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.on_rejection = Some(Arc::new(respond)))
    }

    /// Answers rejections with `application/problem+json` (RFC 9457) in place of plain text:
    ///
    /// ```json
    /// {"type":"about:blank","title":"wrong signature","status":401}
    /// ```
    ///
    /// `title` is the text that the client would get otherwise. There are no other members: details are for the
    /// service, and an unknown endpoint looks like a wrong signature. Responses to gRPC requests stay as they are.
    /// [`on_rejection`](Self::on_rejection) gets the JSON as its prepared response. Default: plain text.
    ///
    /// ```
    /// # use tower_webhook::{Secret, WebhookLayer};
    /// # let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
    /// let layer = WebhookLayer::new(secret).rejections_as_problem_json();
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    pub fn rejections_as_problem_json(self) -> Self {
        self.with(|config| config.problem_json = true)
    }

    /// Is told how each request ended, for logs and metrics of your own; [`observe`](crate::observe) says
    /// which are there already. Once its handler has ended, which may be later than the request
    /// ([`ack_deadline`](Self::ack_deadline)). Called in the task of whichever ended last, so it should
    /// not block. A panic in it is caught.
    pub fn on_outcome(self, tell: impl Fn(&Outcome) + Send + Sync + 'static) -> Self {
        self.with(|config| config.observer.on_outcome = Some(Arc::new(tell)))
    }

    /// Sets the clock that judges signed timestamps, and that the default store measures leases and windows with.
    /// Default: [`SystemClock`](crate::SystemClock).
    ///
    /// The layer creates the default store with its first service, with the clock that is set then; clones of the layer
    /// share it whatever is set on them later. A store given to [`dedupe`](Self::dedupe) has its own clock.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.with(|config| config.clock = Arc::new(clock))
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }
}

#[cfg(feature = "tracing")]
fn warn_of_late_answers(config: &Config) {
    let (EndpointSource::Fixed(endpoint), Some(deadline)) = (&config.endpoint, config.ack_deadline) else {
        return;
    };
    let profile = endpoint.verifier().profile();
    if let Some(waits) = profile.ack_deadline().filter(|waits| deadline >= *waits) {
        tracing::warn!(
            target: "tower_webhook",
            provider = profile.provider(),
            ack_deadline_ms = deadline.as_millis(),
            provider_waits_ms = waits.as_millis(),
            "the provider will not wait for answers at this ack_deadline",
        );
    }
}

/// The least that a duration of zero is taken for.
const SHORTEST: Duration = Duration::from_millis(1);

impl<S> Layer<S> for WebhookLayer {
    type Service = WebhookService<S>;

    fn layer(&self, inner: S) -> WebhookService<S> {
        WebhookService::new(self.config.for_service(), inner)
    }
}

impl fmt::Debug for WebhookLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebhookLayer").field(&self.config).finish()
    }
}
