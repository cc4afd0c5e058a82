//! Observability: [`Outcome`]s, tracing spans and events, and metrics.
//!
//! There are three interfaces with the same data. An unused interface costs almost nothing.
//!
//! | interface | requires |
//! |---|---|
//! | [`on_outcome`](crate::WebhookLayer::on_outcome), a function that receives each [`Outcome`] | nothing |
//! | [a span](#the-span) for each request, and [events](#events) | the feature `tracing` |
//! | [metrics](#metrics), for Prometheus and others | the feature `metrics` |
//!
//! ```
//! use tower_webhook::{Outcome, Secret, WebhookLayer};
//!
//! let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let layer = WebhookLayer::new(secret).on_outcome(|outcome: &Outcome| {
//!     let id = outcome.delivery().and_then(|delivery| delivery.id());
//!     let why = outcome.rejection().map(|rejection| rejection.kind());
//!     println!("{:?} {:?} {id:?} {why:?} {:?}", outcome.kind(), outcome.status(), outcome.elapsed());
//! });
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```
//!
//! **Spans, events and metrics never contain a payload, a secret or a signature**, nor text from unverified
//! requests, unless an error of the application quotes such data. Errors that lookups, custom verifiers,
//! stores and item handlers return are logged with their text, escaped and truncated. If an item handler
//! returns a [`DecodeError`](crate::DecodeError) or an error of `serde_json`, only the field and the position
//! are logged. An `Outcome` contains the verified [`Delivery`](crate::Delivery) including the payload, and
//! the errors behind a rejection. One of these errors, or the source of
//! [`Delivery::decode_error`](crate::Delivery::decode_error), may be a decoder's error, which may quote the
//! payload.
//!
//! # The span
//!
//! The span is named `webhook`, with level `INFO` and target `tower_webhook`. It begins when the service is
//! called. It ends with the last work of the request: its handler, which may outlive the request, or a
//! background settlement. The handler and the store's calls run in the span, so their own events have its
//! fields. Each field is recorded once, at the time that the table states.
//!
//! | field | value | recorded |
//! |---|---|---|
//! | `webhook.provider` | [`Delivery::provider`](crate::Delivery::provider) | when the verifier is chosen |
//! | `webhook.delivery_id` | [`Delivery::id`](crate::Delivery::id) | when the delivery is verified |
//! | `webhook.event_type` | [`Delivery::event_type`](crate::Delivery::event_type), for which a JSON body may be scanned | when the delivery is verified |
//! | `webhook.attempt` | [`Delivery::attempt`](crate::Delivery::attempt), from 1 | when the delivery is verified |
//! | `webhook.outcome` | an [`OutcomeKind`] | at the end |
//! | `webhook.rejection` | a [`RejectionKind`](crate::RejectionKind) | at the end |
//! | `webhook.handler` | a [`HandlerEnd`] | at the end |
//! | `webhook.settlement` | a [`Settlement`] | at the end |
//! | `webhook.store_time` | [`Outcome::store_time`], in seconds | at the end |
//! | `webhook.handler_time` | [`Outcome::handler_time`], in seconds | at the end |
//! | `http.response.status_code` | the status of the response, under OpenTelemetry's name | at the end |
//!
//! The id and the event type come from the provider or, if unsigned, possibly from an attacker. Both are
//! truncated to 256 bytes, and control characters are escaped, so that they cannot forge log lines.
//!
//! # Events
//!
//! The target `tower_webhook::rejection` has one event for each rejection, with its `kind` and, if available,
//! a `reason`, such as the missing header or the age of the timestamp.
//!
//! | level | kinds |
//! |---|---|
//! | `DEBUG` | kinds that an unauthenticated client can cause repeatedly: `missing_signature`, `malformed_signature`, `stale_timestamp`, `wrong_signature`, `unknown_endpoint`, `body_interrupted`, `body_too_slow`, `body_too_large`, `over_budget`, `verifier_unavailable` (a client can invent the name of a key or of an endpoint; the row `ERROR` lists an exception), and `ack_deadline` before the handler is called (the body may be slow). Also `in_progress`, which is normal |
//! | `WARN` | kinds that require a verified delivery: `undecodable` (at `DEBUG` if the body is decoded before it is verified), `store_unavailable`, `handler_timeout`, and `ack_deadline` once the handler is called |
//! | `ERROR` | `verifier_unavailable` if a verified delivery cannot be claimed, because its verifier sets no fingerprint and the endpoint has no [scope](crate::WebhookLayer::scope). All deliveries of the endpoint that have an id are rejected until a fingerprint or a scope is set |
//!
//! A client that has neither a secret nor a captured delivery therefore cannot fill a log at `INFO`. An
//! attacker who captures a delivery can replay it while its timestamp is within the tolerance, or at any time
//! if it has no signed timestamp. Each replay causes one `INFO`, and one `WARN` if it is rejected or
//! acknowledged as undecodable. [Metrics](#metrics) and [`on_outcome`](crate::WebhookLayer::on_outcome)
//! report all kinds: monitor `over_budget` and `verifier_unavailable` there. To debug a new integration,
//! enable `tower_webhook::rejection=debug`.
//!
//! For `undecodable`, the reason is the field that failed and its position in the JSON, without any value.
//! For a rejection by a custom verifier, the reason is the text of the verifier's error, escaped and
//! truncated like ids.
//!
//! The target `tower_webhook` has the following events:
//!
//! | level | event |
//! |---|---|
//! | `INFO` | `delivery ended`, one for each verified delivery: `provider`, `id`, `event_type`, `attempt`, `outcome`, `rejection`, `handler`, `status`, and in seconds `time` ([`Outcome::elapsed`]), `handler_time` and `store_time`. A field that does not apply is left out |
//! | `WARN` | a payload that could not be decoded and was [acknowledged](crate::Undecodable::Acknowledge), with the `reason` as above: the provider will not send it again |
//! | `INFO` | an `event_type` that an [`EventRouter`](crate::EventRouter) has no route for: once for each of the first 256 types |
//! | `ERROR` | in an `EventRouter` without a fallback: a delivery without an event type, a delivery of a provider that sends batches, or a request without a `Delivery`. Only the first such delivery and the first such request are logged at `ERROR`, all others at `DEBUG` |
//! | `WARN` | lookups of [`with_lookup`](crate::WebhookLayer::with_lookup) that failed or took too long, with their `count` since the last such event, and the `error` of the last lookup: at most once a minute |
//! | `WARN` | a store that failed, with `operation` and `error` |
//! | `ERROR` | an item of a batch that cannot be claimed, because the verifier sets no fingerprint and the endpoint has no [scope](crate::WebhookLayer::scope) |
//! | `WARN` | an item of a batch that failed, with its key as `item`, and the `error` of the handler (for a decoding error, only the field and the position, as above): the first three of each batch |
//! | `WARN` | more items of a batch that failed: their `count`, the total number that `failed`, and the number of `items` in the batch |
//! | `WARN` | two items of a batch with the same key, of which only one runs, with the key as `item` |
//! | `ERROR` | a handler that succeeded, but did not `commit` the transaction that completes its delivery or item: the delivery was answered with 500 |
//! | `WARN` | a lease that expired before its claim was settled: the delivery may have run twice |
//! | `ERROR` | a completion that was not stored before the lease expired: the provider's next attempt runs the handler again |
//! | `ERROR` | completions that were dropped because 16,384 others of the layer already wait for the store. `count` is the number dropped since the last such event. Logged at most once a minute. Drops that are not yet reported are logged once no completion is waiting |
//! | `DEBUG` | a release that was not stored before the lease expired |
//! | `ERROR` | a provider's verifier that cannot be built, with the `error`: each delivery is rejected with 503 |
//! | `WARN` | an `ack_deadline` that is not shorter than the provider's timeout, when the layer is built (not with [`with_lookup`](crate::WebhookLayer::with_lookup)) |
//! | `WARN` | a deduplication window that is not longer than the provider's retry period, when the layer is built (not with [`with_lookup`](crate::WebhookLayer::with_lookup)) |
//!
//! # Metrics
//!
//! Metrics go to the recorder of the [`metrics`](https://docs.rs/metrics) facade that the program installs:
//!
//! ```
//! # #[cfg(feature = "metrics")] {
//! let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
//! let prometheus = recorder.handle();
//! metrics::set_global_recorder(recorder).expect("no other recorder is installed");
//! // … serve, and answer `GET /metrics` with:
//! let text = prometheus.render();
//! # drop(text);
//! # }
//! ```
//!
//! See [`metrics.rs`](https://docs.rs/crate/tower-webhook/latest/source/examples/metrics.rs) for a complete
//! program.
//!
//! | metric | labels | kind | unit | value |
//! |---|---|---|---|---|
//! | `webhook_deliveries_total` | `provider`, `outcome` | counter | | requests, by [`OutcomeKind`] |
//! | `webhook_delivery_duration_seconds` | `provider`, `outcome` | histogram | seconds | [`Outcome::elapsed`] |
//! | `webhook_deliveries_in_flight` | `provider` | gauge | | requests in progress, including handlers that outlive their request |
//! | `webhook_rejections_total` | `provider`, `kind` | counter | | rejections, by [`RejectionKind`](crate::RejectionKind); including handler timeouts and a `Payload<T>` that could not be decoded |
//! | `webhook_body_bytes` | `provider` | histogram | bytes | bodies of verified deliveries |
//! | `webhook_handlers_total` | `provider`, `end` | counter | | called handlers, by [`HandlerEnd`] |
//! | `webhook_handler_duration_seconds` | `provider` | histogram | seconds | [`Outcome::handler_time`] |
//! | `webhook_settlements_total` | `provider`, `settlement` | counter | | settled claims, by [`Settlement`] |
//! | `webhook_settlement_retries_total` | `provider` | counter | | background attempts to settle after a store failure |
//! | `webhook_settlements_abandoned_total` | `provider`, `settlement` | counter | | settlements (`completed` or `released`) that were not stored before the lease expired, or that were dropped because too many others are waiting |
//! | `webhook_store_duration_seconds` | `provider`, `operation` | histogram | seconds | duration of `claim`, `extend`, `complete` and `release` calls, including those for items |
//! | `webhook_store_failures_total` | `provider`, `operation` | counter | | errors and timeouts (1 s) of the store |
//!
//! Every label has a small set of values. The values of `outcome`, `kind`, `end`, `settlement` and
//! `operation` are fixed. `provider` is the verifier's
//! [`Profile::provider`](crate::verify::Profile::provider), or `unknown` for a request that is rejected
//! before its verifier is known. If a [lookup](crate::WebhookLayer::with_lookup) creates a provider name for
//! each tenant, only the first 256 names of a layer are distinguished, and the others count as `other`.
//! Therefore, name profiles after the provider, not after the tenant.
//!
//! All series of a provider exist, with the value 0, from its first delivery on, so that even the first
//! failure has a rate. The series are registered with the recorder that is installed at that time.
//!
//! Recommended alerts:
//!
//! * `webhook_handlers_total` with `end!="completed"`;
//! * `webhook_store_failures_total`;
//! * `webhook_settlements_abandoned_total` with `settlement="completed"`;
//! * `webhook_rejections_total` with `kind="undecodable"`: events are rejected;
//! * `webhook_rejections_total` with `kind="wrong_signature"`, above its usual rate: a secret may have been
//!   rotated at the provider only.

mod in_span;
#[cfg_attr(not(feature = "metrics"), path = "metrics_off.rs")]
mod metrics;
mod outcome;
mod per_minute;
mod store;
mod telemetry;
#[cfg_attr(not(feature = "tracing"), path = "trace_off.rs")]
mod trace;
mod unrouted;

pub use self::outcome::{HandlerEnd, Ignored, Outcome, OutcomeKind, Settlement};
pub(crate) use self::{
    in_span::InSpan,
    metrics::Registry,
    outcome::Acknowledged,
    per_minute::PerMinute,
    store::{DroppedCompletions, StoreOperation, StoreTimer},
    telemetry::{Observer, Telemetry},
    trace::{
        acknowledged, item_failed, item_repeated, late_answers, lookups_failed, missing_scope,
        more_items_failed, short_window, uncommitted, unconfirmed, unusable,
    },
    unrouted::Unrouted,
};
