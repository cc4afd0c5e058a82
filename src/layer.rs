//! [`WebhookLayer`], the configuration of the crate.

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
    delivery::Claims,
    observe, provider,
    store::{AnyStore, Key, Store},
    task::Drain,
    verify::{Endpoint, Find, Lookup, Proxies, Verifier},
};

/// A layer that receives webhooks: it verifies each delivery, drops duplicates, and passes the payload to the
/// service.
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer};
///
/// let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
/// let layer = WebhookLayer::new(secret);
/// # Ok::<(), tower_webhook::InvalidSecret>(())
/// ```
///
/// The type has no parameters, so it is easy to name and store. Cloning is cheap. Clones, and all services
/// created by one layer, share its store and its buffer budget.
///
/// Layers can be nested; each layer verifies the delivery. If two of them use the same store and compute the
/// same key, for example because a router and one of its routes have the same layer, only the outer layer
/// claims the delivery. The inner layer runs the handler under that claim, and the outer layer settles the
/// claim. This costs two more round trips to the store. In that case the inner layer neither
/// [detaches](Self::detached) the handler nor applies its own [deadline](Self::ack_deadline) to the handler.
/// Layers for Amazon SNS, and for a provider that signs the compressed body, cannot be nested, because the
/// inner layer does not receive the signed body.
///
/// A setting of the layer takes precedence over the provider's [profile](Verifier::profile), which takes
/// precedence over the default. Durations and limits of zero mean the smallest value, as documented for each
/// method; they never disable anything.
#[derive(Clone)]
#[must_use]
pub struct WebhookLayer {
    config: Arc<Config>,
}

/// Verification.
impl WebhookLayer {
    /// Creates a layer that verifies [Standard Webhooks](crate::provider::standard_webhooks) signatures made
    /// with any of `secrets`.
    ///
    /// # Panics
    ///
    /// Panics if a secret is not base64. [`try_new`](Self::try_new) returns an error instead.
    #[track_caller]
    pub fn new(secrets: impl IntoSecrets) -> Self {
        crate::secret::usable(Self::try_new(secrets))
    }

    /// Creates a layer like [`new`](Self::new), for secrets that come from users or a database.
    ///
    /// # Errors
    ///
    /// Returns an error if a secret is not base64.
    pub fn try_new(secrets: impl IntoSecrets) -> Result<Self, InvalidSecret> {
        Ok(Self::with_verifier(provider::standard_webhooks(secrets)?))
    }

    /// Creates a layer with a verifier of [`provider`], or with a custom verifier.
    pub fn with_verifier(verifier: impl Verifier) -> Self {
        let config = Config::new(EndpointSource::Fixed(Endpoint::new(verifier)));
        Self { config: Arc::new(config) }.checked_window()
    }

    /// Replaces the verifier, so that several providers can share one configured layer, including its store,
    /// buffer budget, [drain](Self::drain), limits, payload type and hooks.
    ///
    /// Removes the [lookup](Self::with_lookup), if any, and resets the settings that are specific to a
    /// provider. Set these again afterwards:
    ///
    /// * [`scope`](Self::scope), [`public_url`](Self::public_url), [`verify_token`](Self::verify_token) and
    ///   [`tolerance`](Self::tolerance). The providers share a store, so a verifier that sets no fingerprint
    ///   of its secret needs a new scope.
    /// * [`only_events`](Self::only_events), [`dedupe_by`](Self::dedupe_by),
    ///   [`replay_guard`](Self::replay_guard), [`lease`](Self::lease) and
    ///   [`on_store_failure`](Self::on_store_failure). A value that suits the previous provider could lose
    ///   events of the new provider.
    ///
    /// All other settings are kept. A warning is logged if [`dedupe_window`](Self::dedupe_window) is not
    /// longer than the new provider's retry period, or if [`ack_deadline`](Self::ack_deadline) is not shorter
    /// than the new provider's timeout.
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
        self.with(|config| {
            config.endpoint = EndpointSource::Fixed(Endpoint::new(verifier));
            config.public_url = None;
            config.verify_token = None;
            config.tolerance = None;
            config.only_events = None;
            config.dedupe.scope = None;
            config.dedupe.needs_scope = true;
            config.dedupe.key_of = None;
            config.dedupe.replay_guard = false;
            config.dedupe.lease = None;
            config.dedupe.on_failure = None;
            config.dedupe.lookup = None;
        })
        .checked_deadline()
        .checked_window()
    }

    /// Creates a layer that looks up the endpoint of each request with `lookup`, for example by the tenant in
    /// the request's path.
    ///
    /// An [`Endpoint`](crate::verify::Endpoint) consists of a verifier, an optional scope, and values for the
    /// request's extensions. Insert the tenant as such a value, so that the handler knows which endpoint
    /// matched.
    ///
    /// If the lookup returns `Ok(None)`, the request is rejected as `unknown_endpoint`. If it returns an
    /// error or takes longer than a second, the request is rejected with 503. Lookups precede verification,
    /// so any client can cause them: keep the endpoints in memory, or use a
    /// [`CachedLookup`](crate::verify::CachedLookup). For an endpoint that does not exist, return `Ok(None)`,
    /// not an error. Errors are logged at `WARN` at most once a minute.
    ///
    /// Each endpoint needs its own deduplication scope, or tenants would drop each other's deliveries. The
    /// scope is [`Endpoint::scope`](crate::verify::Endpoint::scope), else the layer's [`scope`](Self::scope),
    /// else a fingerprint of the secret, which every verifier of [`provider`] sets. If an endpoint has
    /// neither a scope nor a fingerprint, its verified deliveries that have an id are rejected with 503, and
    /// logged at `ERROR`. Tenants may have the same secret or public key, so the default scope also contains
    /// a digest of the name that was looked up or, if the lookup is a closure, of the request's exact path
    /// (see [`Lookup`](crate::verify::Lookup)).
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
        let lookup: Arc<dyn Find> = Arc::new(lookup);
        let mut config = Config::new(EndpointSource::Lookup(Arc::clone(&lookup)));
        config.dedupe.needs_scope = true;
        config.dedupe.lookup = Some(lookup);
        Self { config: Arc::new(config) }
    }

    /// Sets the tolerance of signed timestamps, for the past and the future, in whole seconds; less than 1 s
    /// counts as 1 s. Default: the provider's, else 300 s.
    ///
    /// The tolerance limits how long a captured request can be replayed, independently of deduplication. See
    /// also the [deduplication window](Self::dedupe_window).
    pub fn tolerance(self, tolerance: Duration) -> Self {
        self.with(|config| config.tolerance = Some(tolerance.max(Duration::from_secs(1))))
    }

    /// Sets the URL that the provider was given, for providers that sign it, such as Square, Trello, HubSpot
    /// and Twilio.
    ///
    /// Default: `https://`, the request's host, and its path and query. This default differs from the signed
    /// URL if a proxy changes the host or the path, or if the provider calls `http://`: the default's scheme
    /// is always `https`, because a proxy often terminates TLS. With the default, a request of a provider
    /// that signs the URL is rejected unless its host has the form `host` or `host:port`.
    ///
    /// If `url` has no query, the request's query is appended. If `url` has a query, the request must have
    /// the same parameters, in any order except among parameters of the same name, or the same query followed
    /// by more parameters. Any other query is rejected as a signature mismatch. In a
    /// [`Scheme`](crate::verify::Scheme), the placeholder `{url}` is this URL; `{path_query}` is always the
    /// request's own path and query.
    pub fn public_url(self, url: &str) -> Self {
        self.with(|config| config.public_url = Some(url.into()))
    }

    /// Trusts `x-forwarded-proto` and `x-forwarded-host` in requests from `proxies`, for providers that sign
    /// the URL. `peer` returns the address that a request comes from. If a header is a list, its last item
    /// counts, because the nearest proxy added it. `x-forwarded-proto` must be `http` or `https`, and
    /// `x-forwarded-host` must be `host` or `host:port`; with any other value, requests of providers that
    /// sign the URL are rejected.
    ///
    /// In requests from other addresses, the headers are ignored. [`public_url`](Self::public_url) takes
    /// precedence over the headers, and is the better choice if there is only one URL.
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

    /// Sets the token that the provider was given for its verification handshake (Meta's and WebSub's
    /// `hub.verify_token`, Asana, eBay), or that the provider chose (Feishu). Default: none; the layer then
    /// rejects such a handshake as unsigned. eBay's handshake also needs the
    /// [`public_url`](Self::public_url) or [`trust_forwarded`](Self::trust_forwarded).
    pub fn verify_token(self, token: Secret) -> Self {
        self.with(|config| config.verify_token = Some(token))
    }

    /// Sets a filter: requests for which `only_if` returns `false` skip the layer. They reach the service
    /// unchanged, without verification, buffering, or a [`Delivery`]. Default: no request skips the layer.
    ///
    /// Use the filter if the layer can only be placed around all services, as with tonic's
    /// `Server::builder().layer`. **A handler must treat a request without a `Delivery` as unverified.**
    pub fn only_if(self, only_if: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.only_if = Some(Arc::new(only_if)))
    }
}

/// Limits.
impl WebhookLayer {
    /// Sets the maximum size of a body in bytes; 0 counts as 1. Larger bodies are rejected with 413. Default:
    /// the provider's, else 1 MiB.
    ///
    /// The limit applies to a compressed body (feature `compression`) both as sent and once decoded.
    pub fn body_limit(self, bytes: usize) -> Self {
        self.with(|config| config.body_limit = Some(bytes.max(1)))
    }

    /// Sets the time limit for receiving the body, starting when the layer begins to read the body; less than
    /// 1 ms counts as 1 ms. Slower bodies are rejected with 408. Default: 10 s.
    pub fn body_timeout(self, timeout: Duration) -> Self {
        self.with(|config| config.body_timeout = timeout.max(SHORTEST))
    }

    /// Sets the buffer budget: the maximum number of bytes of bodies that all services of the layer buffer at
    /// once; 0 counts as 1. Beyond it, requests are rejected with 503. Default: 64 MiB.
    ///
    /// It bounds the memory that unverified clients can occupy. A body larger than the budget can never be
    /// received, so use a multiple of the body limit.
    pub fn buffer_budget(self, bytes: usize) -> Self {
        self.with(|config| config.buffer_budget = Arc::new(BufferBudget::new(bytes.max(1))))
    }
}

/// Events and handlers.
impl WebhookLayer {
    /// Sets the event types to handle. Events of other types are ignored: they get a 200 without being
    /// decoded, claimed or handled, and their outcome is
    /// [`OutcomeKind::Ignored`](crate::OutcomeKind::Ignored). Default: all events are handled. A later call
    /// replaces the list; an empty list ignores every delivery that has an event type.
    ///
    /// Deliveries without an event type are always handled, and so are those of a provider that sends
    /// batches, whose events may have several types. An ignored delivery is not remembered: once its type is
    /// listed, a redelivery is handled. If the provider supports it, also subscribe to only these types.
    ///
    /// Not every signature covers the event type
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

    /// Decodes each payload from JSON into an [`Event<T>`] for the handler. If decoding fails, the delivery
    /// is rejected with 422 and not remembered, unless [`on_undecodable`](Self::on_undecodable) sets another
    /// policy.
    ///
    /// The content type is ignored. JSON that the provider posts in a form field (GitHub, if configured so)
    /// is extracted. If several of `json`, `form` (feature `form`) and [`decode`](Self::decode) are called,
    /// the last call counts.
    ///
    /// Let `T` accept unknown event types (`#[serde(other)]`): providers add new ones, and would retry them
    /// in vain after a 422.
    pub fn json<T>(self) -> Self
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.decode(|delivery| delivery.json::<T>().map_err(Into::into))
    }

    /// Decodes each payload from a form, like [`json`](Self::json). The content type is ignored.
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn form<T>(self) -> Self
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.decode(|delivery| delivery.form::<T>().map_err(Into::into))
    }

    /// Decodes each payload with `decode`, like [`json`](Self::json), for all other formats.
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
                // An event that an outer layer decoded must not be mistaken for this layer's.
                extensions.remove::<Event<T>>();
                extensions.insert(Event::new(decode(delivery)?));
                Ok(())
            };
            config.decode = Some(Decode { type_id: TypeId::of::<T>(), with: Arc::new(with) });
        })
    }

    /// Sets the policy for payloads that cannot be decoded to the type of [`json`](Self::json), `form` or
    /// [`decode`](Self::decode), or from their `content-encoding`. Default: [`Undecodable::Reject`], which
    /// responds with 422.
    ///
    /// The policy does not apply in two cases, in which the layer rejects the request with 422:
    ///
    /// * An axum handler's extractor `Payload<T>` cannot decode the payload. Other extractors of the handler
    ///   may already have run. The claim is released.
    /// * The signature covers the decoded body, but the body's `content-encoding` cannot be decoded. The
    ///   request then cannot be verified.
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

    /// Forwards the trailers of each request, the headers after its body. Default: off. Signatures do not
    /// cover trailers, so an attacker who captures one request can replay it with any trailers.
    pub fn forward_trailers(self) -> Self {
        self.with(|config| config.forward_trailers = true)
    }

    /// Sets the time limit of the handler; less than 1 ms counts as 1 ms. Beyond it, the handler is dropped,
    /// its claim is released, and the request is rejected with 503. Default: 10 minutes. The limit cannot be
    /// disabled, because the claim of a handler that hangs would block every retry of its delivery.
    pub fn handler_timeout(self, timeout: Duration) -> Self {
        self.with(|config| config.dedupe.handler_timeout = timeout.max(SHORTEST))
    }

    /// Runs the handler in its own task, which continues after the client disconnects or an outer timeout
    /// ends the request, and which always settles the claim. Default: off. Without this setting, the handler
    /// is dropped together with its request, and the provider's next attempt runs the handler again.
    ///
    /// The task has the tracing span of the request (feature `tracing`). A `ConcurrencyLimit` *above* the
    /// layer no longer counts the task once its request has ended, so put the limit below the layer. Call
    /// [`drain`](Self::drain) before the process exits. Outside a tokio runtime, the handler is not detached.
    pub fn detached(self) -> Self {
        self.with(|config| config.detached = true)
    }

    /// Sets the deadline for the response, counted from the call of the service; less than 1 ms counts as 1
    /// ms. Default: none. Implies [`detached`](Self::detached).
    ///
    /// If the handler has not finished by then, it continues in its task, and the response is 503 with
    /// `Retry-After`. The provider retries: its next attempt gets a 503 while the handler runs, and a 200
    /// once the handler has succeeded. If the handler fails, the next attempt runs it again. Answering 2xx at
    /// the deadline would lose the event whenever the handler fails afterwards.
    ///
    /// Choose a deadline shorter than the provider's timeout, with a margin for the network. Use a deadline
    /// only with providers that retry, and for handlers that are *sometimes* slow: providers count 503s, and
    /// some disable an endpoint that returns too many. Handlers that are always slow should store the
    /// delivery, respond, and process it afterwards.
    ///
    /// If receiving the body, or waiting until the inner service is ready, takes until the deadline, the
    /// request is rejected with the same 503, and the handler is not called.
    ///
    /// The layer waits for the handler beyond the deadline if the delivery is not
    /// [deduplicated](Delivery::is_deduped) (no deduplication key, no store, or the store failed). The next
    /// attempt of such a delivery would not be recognized, and would run concurrently.
    ///
    /// For the timeouts of providers, see their documentation in this crate and
    /// [`Profile::ack_deadline`](crate::verify::Profile::ack_deadline). If the deadline is not shorter than
    /// the provider's timeout, the layer logs a warning (feature `tracing`; not with
    /// [`with_lookup`](Self::with_lookup)).
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
        self.with(|config| {
            config.ack_deadline = Some(deadline.max(SHORTEST));
            config.detached = true;
        })
        .checked_deadline()
    }

    /// Returns a handle that waits for detached handlers, and for claims that are settled in the background,
    /// for example after a store failure or after the client disconnected. Call [`Drain::finished`] before
    /// the process exits.
    ///
    /// Clones of the layer share the drain. For layers that are built separately, see
    /// [`drain_with`](Self::drain_with).
    #[must_use]
    pub fn drain(&self) -> Drain {
        self.config.dedupe.background.drain().clone()
    }

    /// Lets `drain` also wait for this layer's tasks, so that an application with several layers waits once.
    /// Default: each layer has its own [`drain`](Self::drain).
    ///
    /// Call this method before creating a service: `drain` does not wait for the tasks of earlier services.
    /// Each layer still has its own [limits](Drain::finished) for background settlements.
    ///
    /// ```
    /// use tower_webhook::{Drain, Secret, WebhookLayer, provider};
    ///
    /// # async fn example(stripe: Secret, github: Secret) {
    /// let drain = Drain::new();
    /// let stripe = WebhookLayer::with_verifier(provider::stripe(stripe)).detached().drain_with(&drain);
    /// let github = WebhookLayer::with_verifier(provider::github(github)).detached().drain_with(&drain);
    /// // … serve until the graceful shutdown, then:
    /// drain.finished().await;
    /// # }
    /// ```
    pub fn drain_with(self, drain: &Drain) -> Self {
        self.with(|config| config.dedupe.background = Background::new(drain.clone()))
    }

    /// Sets the function that decides from the handler's response whether the delivery is completed. If the
    /// function returns `false`, the delivery is released, so that the provider's next attempt runs.
    ///
    /// Default: the status is 2xx, and the `grpc-status` header, if present, is `0`. The layer does not see
    /// the response body: the delivery is completed even if a streamed body fails, or if the trailers of a
    /// gRPC call report a failure. Do the work before responding.
    ///
    /// A rejection never completes the delivery, and `complete` is not called for it. This includes the
    /// rejections by a nested layer, and those of payloads that the extractor `Payload<T>` cannot decode.
    pub fn complete_when(self, complete: impl Fn(&response::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.complete_when = Some(Arc::new(complete)))
    }
}

/// Deduplication.
impl WebhookLayer {
    /// Sets the deduplication store. Default: a [`MokaStore`](crate::store::MokaStore) of 100,000 keys, which
    /// is local to the process.
    ///
    /// Other endpoints may use the same store, so a verifier that sets no fingerprint of its secret requires
    /// a [`scope`](Self::scope). With neither a fingerprint nor a scope, verified deliveries that have an id
    /// are rejected with 503, and logged at `ERROR`.
    pub fn dedupe(self, store: impl Store) -> Self {
        self.with(|config| {
            config.dedupe.store = Some(AnyStore::new(store));
            config.dedupe.needs_scope = true;
            config.default_store = None;
        })
    }

    /// Disables deduplication: every duplicate of a delivery reaches the handler.
    pub fn without_dedupe(self) -> Self {
        self.with(|config| {
            config.dedupe.store = None;
            config.default_store = None;
        })
    }

    /// Sets the deduplication window, the time for which a handled delivery is remembered; less than 1 s
    /// counts as 1 s. Default: the provider's, else 8 days. The window must be longer than the provider's
    /// retry period. If the retry period is known and the window is not longer, a warning is logged.
    pub fn dedupe_window(self, window: Duration) -> Self {
        self.with(|config| config.dedupe.window = Some(window.max(Duration::from_secs(1)))).checked_window()
    }

    /// Sets the function that computes the deduplication key, replacing the provider's id. Derive the key
    /// only from data that is identical across retries, not from the signature or timestamp. If the function
    /// returns `None`, the delivery is not deduplicated; the [`replay_guard`](Self::replay_guard) still
    /// applies to its body.
    ///
    /// Without a [lookup](Self::with_lookup), the key is used unchanged: layers that share a store drop each
    /// other's deliveries if the keys are equal. With a lookup, the layer adds the endpoint's scope to the
    /// key. [`Delivery::dedupe_key`](crate::Delivery::dedupe_key) returns the whole key.
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

    /// Deduplicates by the body in addition to the id, if the signature does not cover the id (GitHub,
    /// Shopify). A delivery without an id (Sentry) is deduplicated by its body alone. This prevents an
    /// attacker from replaying a captured request under a new id, or without one. It costs two more round
    /// trips to the store, and has no effect if the id is signed. Default: off.
    ///
    /// This is a trade-off. With the guard, two genuine events with byte-identical bodies count as one event,
    /// for example if an organization's webhook and a repository's webhook call the same endpoint. Without
    /// the guard, an attacker who captures one request can make the handler run again.
    pub fn replay_guard(self) -> Self {
        self.with(|config| config.dedupe.replay_guard = true)
    }

    /// Sets the scope of the deduplication keys. Deliveries with the same id in the same scope are
    /// duplicates.
    ///
    /// A key is `{provider}-{scope}:{id}`. The default scope is a fingerprint of the secret that matched. It
    /// separates the endpoints of an account, to which providers send the same id. For a provider whose
    /// [receivers can share a secret](crate::verify::Profile::shared_secret), the default scope also contains
    /// a digest of the [`public_url`](Self::public_url) if set, else of the request's path.
    ///
    /// Behind a [lookup](Self::with_lookup), the default scope always contains a digest of the name that was
    /// looked up or, if the lookup is a closure, of the request's exact path (see
    /// [`Lookup`](crate::verify::Lookup)).
    ///
    /// In the key, `#`, `%` and `:` of a scope are percent-encoded. The first byte of a scope is
    /// percent-encoded too if the key would otherwise be ambiguous: if the scope looks like a fingerprint (16
    /// lowercase hexadecimal digits), or if provider and scope together begin with another provider's name
    /// and a `-`. For example, `github` with the scope `sha1-a` would give `github-sha1-a`, as `github-sha1`
    /// with the scope `a` does. All other characters are unchanged.
    ///
    /// A scope set here replaces the whole default scope, and is itself replaced by the scope of an
    /// [`Endpoint`](crate::verify::Endpoint::scope). Use a different scope for each endpoint. Unlike the
    /// default scope, a scope set here does not change:
    ///
    /// * after a secret rotation, when an event could otherwise run twice;
    /// * if a proxy rewrites the path differently for each attempt.
    ///
    /// Also set a scope if the layer cannot distinguish two receivers of one account: two applications that
    /// use the same path, or two routers under axum's `nest`, which strips the prefix from the path.
    pub fn scope(self, scope: &str) -> Self {
        self.with(|config| config.dedupe.scope = Some(scope.into()))
    }

    /// Sets the lease of claims, the time after which the claim of a crashed process expires; less than 30 ms
    /// counts as 30 ms. Default: the provider's, if all of its retries come quickly, else 30 s.
    ///
    /// After a crash, retries of the delivery are rejected with 503 until the lease expires, so the lease
    /// must expire before the provider's last retry. While the handler runs, a heartbeat extends the lease
    /// each time a third of it has passed. A handler that blocks its thread for longer than the lease may run
    /// twice: use `spawn_blocking`.
    ///
    /// Use at least 3 s: the store has a second to answer, and each answer should arrive within a third of
    /// the lease. With a shorter lease, a slow store can lose the claim of a running handler.
    pub fn lease(self, lease: Duration) -> Self {
        self.with(|config| config.dedupe.lease = Some(lease))
    }

    /// Sets the policy for deliveries while the store fails, or takes longer than a second. Default:
    /// [`StoreFailure::Proceed`] if the provider is documented never to retry (GitHub), else
    /// [`StoreFailure::Reject`]. With [`with_lookup`](Self::with_lookup), each endpoint has the default for
    /// its own provider.
    pub fn on_store_failure(self, policy: StoreFailure) -> Self {
        self.with(|config| config.dedupe.on_failure = Some(policy))
    }
}

/// Responses, observability and the clock.
impl WebhookLayer {
    /// Sets a function that changes the responses to rejected requests: it receives the rejection and the
    /// response that the layer has prepared. Use it to change the body and add headers. Do not reveal
    /// details, because the client may be an attacker.
    ///
    /// A rejection cannot acknowledge a delivery by accident: a status below 400 is replaced by that of the
    /// prepared response, and a missing `Retry-After` is restored. Responses to gRPC requests are
    /// trailers-only: their status is 200, and a `grpc-status` that is 0, missing or not a number is
    /// replaced. Finally, the layer inserts the [`Rejection`] into the response's extensions.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{HeaderValue, Response, header};
    /// # use tower_webhook::{Rejection, Secret, WebhookLayer};
    ///
    /// # let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
    /// let layer = WebhookLayer::new(secret).on_rejection(|rejection: &Rejection, mut response: Response<Bytes>| {
    ///     if !response.headers().contains_key("grpc-status") {
    ///         // Shows the fixed text. The kind would tell clients more.
    ///         let json = format!(r#"{{"error":"{rejection}"}}"#);
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
    /// `Response<Body>` is a different type: return the prepared `Response<Bytes>`, as above.
    pub fn on_rejection(
        self,
        respond: impl Fn(&Rejection, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.on_rejection = Some(Arc::new(respond)))
    }

    /// Answers rejected requests with `application/problem+json` (RFC 9457) instead of plain text:
    ///
    /// ```json
    /// {"type":"about:blank","title":"wrong signature","status":401}
    /// ```
    ///
    /// `title` is the text of the plain response. There are no other members: the client must not see
    /// details, and an unknown endpoint must look like a signature mismatch. Responses to gRPC requests do
    /// not change. [`on_rejection`](Self::on_rejection) receives the JSON as its prepared response. Default:
    /// plain text.
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

    /// Calls `f` with the [`Outcome`] of each request, once the request and its handler have ended. The
    /// handler may end after the response ([`ack_deadline`](Self::ack_deadline)). Use it for custom logs and
    /// metrics; see [`observe`](crate::observe) for the built-in ones. `f` runs in the request's or the
    /// handler's task, and must not block. Panics of `f` are caught.
    pub fn on_outcome(self, f: impl Fn(&Outcome) + Send + Sync + 'static) -> Self {
        self.with(|config| config.observer.on_outcome = Some(Arc::new(f)))
    }

    /// Sets the clock for signed timestamps, and for the leases and windows of the default store. Default:
    /// [`SystemClock`](crate::SystemClock).
    ///
    /// The layer creates the default store together with its first service, with the clock that is set then.
    /// Clones of the layer share that store, whatever clock they set later. A store passed to
    /// [`dedupe`](Self::dedupe) has its own clock.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.with(|config| config.clock = Arc::new(clock))
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }

    /// Logs a warning if the provider does not wait for the deadline.
    fn checked_deadline(self) -> Self {
        if let (EndpointSource::Fixed(endpoint), Some(deadline)) =
            (&self.config.endpoint, self.config.ack_deadline)
        {
            observe::late_answers(endpoint.verifier().profile(), deadline);
        }
        self
    }

    /// Logs a warning if the provider retries for longer than the deduplication window.
    fn checked_window(self) -> Self {
        if let EndpointSource::Fixed(endpoint) = &self.config.endpoint {
            let profile = endpoint.verifier().profile();
            observe::short_window(profile, self.config.dedupe.window(profile));
        }
        self
    }
}

/// The minimum of timeouts and deadlines.
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
