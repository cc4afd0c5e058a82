//! What becomes of each delivery, for logs, metrics and alarms: [`Outcome`], spans and events, and counters.
//!
//! Three ways lead there, and each is fed by the same record. What nobody listens to costs next to nothing.
//!
//! | | with |
//! |---|---|
//! | [`on_outcome`](crate::WebhookLayer::on_outcome): a function that is told how each request ended | nothing |
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
//! **No span, event or metric is told a payload, a secret or a signature**, nor what somebody wrote who was not
//! verified. An `Outcome` has the verified [`Delivery`](crate::Delivery) itself, payload included, and the errors
//! behind a rejection as they are: a decoder's may quote the payload. So may [`Delivery::decode_error`](crate::Delivery::decode_error).
//!
//! # The span
//!
//! `webhook`, level `INFO`, target `tower_webhook`. It begins when the service is called and ends with the last
//! that the request set going: its handler, which may outlive it, and a settlement in the background. The
//! handler and the store's calls run in it, so that their own lines have its fields. A field is empty until it
//! is known, and recorded once.
//!
//! | field | what it is | known |
//! |---|---|---|
//! | `webhook.provider` | its name: [`Delivery::provider`](crate::Delivery::provider) | when the verifier is chosen |
//! | `webhook.delivery_id` | [`Delivery::id`](crate::Delivery::id) | when it is verified |
//! | `webhook.event_type` | [`Delivery::event_type`](crate::Delivery::event_type), for which a JSON body may be scanned | when it is verified |
//! | `webhook.attempt` | [`Delivery::attempt`](crate::Delivery::attempt), from 1 | when it is verified |
//! | `webhook.outcome` | an [`OutcomeKind`] | at the end |
//! | `webhook.rejection` | a [`RejectionKind`](crate::RejectionKind) | at the end |
//! | `webhook.handler` | a [`HandlerEnd`] | at the end |
//! | `webhook.settlement` | a [`Settlement`] | at the end |
//! | `webhook.store_time` | [`Outcome::store_time`], in seconds | at the end |
//! | `webhook.handler_time` | [`Outcome::handler_time`], in seconds | at the end |
//! | `http.response.status_code` | the status that was answered, as OpenTelemetry names it | at the end |
//!
//! An id and a type are what the provider says, or where no signature covers them, what was sent: both are cut
//! at 256 bytes, and control characters are written as escapes, so that they cannot forge a line.
//!
//! # Events
//!
//! On the target `tower_webhook::rejection`, one for each rejection, with `kind` and, where there is one, a
//! `reason`: which header is missing, how many seconds the timestamp is off.
//!
//! | level | kinds |
//! |---|---|
//! | `DEBUG` | those that an unauthenticated client can cause, as often as it likes: `missing_signature`, `malformed_signature`, `stale_timestamp`, `wrong_signature`, `unknown_endpoint`, `body_interrupted`, `body_too_slow`, `body_too_large`, `over_budget`; `verifier_unavailable` where a key cannot be fetched, whose name may be made up; `ack_deadline` before the handler was called, when the body may have been slow; and `in_progress`, which is normal |
//! | `WARN` | those that need a verified delivery: `undecodable`, `store_unavailable`, `handler_timeout`, `ack_deadline` once the handler was called; and `verifier_unavailable` where the lookup of [`with_lookup`](crate::WebhookLayer::with_lookup) failed |
//! | `ERROR` | `verifier_unavailable` of a verified delivery whose endpoint has no [scope](crate::WebhookLayer::scope): every one is rejected until the configuration is changed |
//!
//! So no client without a secret or a captured delivery can fill a log at `INFO`, unless the lookup fails. An
//! attacker who captured a delivery can send it again and again while its timestamp is within tolerance, for one `INFO` each,
//! and one `WARN` where it is `undecodable`.
//! [Metrics](#metrics) and [`on_outcome`](crate::WebhookLayer::on_outcome) report all kinds: watch `over_budget`
//! and `verifier_unavailable` there. While an integration is being set up, `tower_webhook::rejection=debug`
//! says what is wrong.
//!
//! For `undecodable` the reason is the field that failed and its place in the JSON, without any value. The reason that a verifier of
//! your own gives is its own text, escaped and cut as ids are.
//!
//! On the target `tower_webhook`:
//!
//! | level | event |
//! |---|---|
//! | `INFO` | `delivery ended`, one for each verified delivery: `provider`, `id`, `event_type`, `attempt`, `outcome`, `rejection`, `handler`, `status`, and in seconds `time` ([`Outcome::elapsed`]), `handler_time` and `store_time`. A field that does not apply is left out |
//! | `WARN` | a payload that could not be decoded and was [acknowledged](crate::Undecodable::Acknowledge), with the `reason` as above: the provider will not send it again |
//! | `INFO` | an `event_type` that an [`EventRouter`](crate::EventRouter) has no route for: once for each of the first 256 types |
//! | `ERROR` | a delivery without a single event type that reached an `EventRouter` without a fallback; the first request that reached one without a layer |
//! | `WARN` | a store that failed, with `operation` and `error` |
//! | `ERROR` | an item of a batch that is not claimed, because its endpoint has no [scope](crate::WebhookLayer::scope) |
//! | `WARN` | an item of a batch that failed, with its key as `item`, and the `error` of the handler |
//! | `WARN` | two items of a batch with the same key, of which only one runs, with the key as `item` |
//! | `WARN` | a lease that ended before its claim was settled: the delivery may have run twice |
//! | `ERROR` | a completion that the store had not taken when the lease ended: the provider's next attempt runs again |
//! | `ERROR` | completions that were dropped because 16,384 others of the layer wait for the store, with their `count` since the last such event; once a minute, and for the rest when none waits any more |
//! | `DEBUG` | a release that the store had not taken when the lease ended the claim |
//! | `WARN` | when the layer is built: an `ack_deadline` that the provider will not wait for |
//!
//! # Metrics
//!
//! They go to the recorder of the [`metrics`](https://docs.rs/metrics) facade that the program installs:
//!
//! ```
//! # #[cfg(feature = "metrics")] {
//! let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
//! let prometheus = recorder.handle();
//! metrics::set_global_recorder(recorder).expect("there is no other");
//! // … serve, and on `GET /metrics` answer with:
//! let text = prometheus.render();
//! # drop(text);
//! # }
//! ```
//!
//! [`metrics.rs`](https://docs.rs/crate/tower-webhook/latest/source/examples/metrics.rs) is the whole program.
//!
//! | metric | labels | kind | unit | what it counts |
//! |---|---|---|---|---|
//! | `webhook_deliveries_total` | `provider`, `outcome` | counter | | requests, by [`OutcomeKind`] |
//! | `webhook_delivery_duration_seconds` | `provider`, `outcome` | histogram | seconds | [`Outcome::elapsed`] |
//! | `webhook_deliveries_in_flight` | `provider` | gauge | | requests that have not ended, handlers that go on included |
//! | `webhook_rejections_total` | `provider`, `kind` | counter | | rejections, by [`RejectionKind`](crate::RejectionKind); handlers that took too long included |
//! | `webhook_body_bytes` | `provider` | histogram | bytes | bodies of verified deliveries |
//! | `webhook_handlers_total` | `provider`, `end` | counter | | handlers that were called, by [`HandlerEnd`] |
//! | `webhook_handler_duration_seconds` | `provider` | histogram | seconds | [`Outcome::handler_time`] |
//! | `webhook_settlements_total` | `provider`, `settlement` | counter | | claims that were settled, by [`Settlement`] |
//! | `webhook_settlement_retries_total` | `provider` | counter | | attempts to settle in the background, after the store had failed |
//! | `webhook_settlements_abandoned_total` | `provider`, `settlement` | counter | | settlements that the store had not taken when the lease ended, or that were dropped because too many others wait for it: `completed`, `released` |
//! | `webhook_store_duration_seconds` | `provider`, `operation` | histogram | seconds | what the store took to answer: `claim`, `extend`, `complete`, `release`; those of items included |
//! | `webhook_store_failures_total` | `provider`, `operation` | counter | | its errors, and answers that took longer than a second |
//!
//! Every label has few values. `outcome`, `kind`, `end`, `settlement` and `operation` are those that the layer
//! knows; `provider` is its verifier's [`Profile::provider`](crate::verify::Profile::provider), or `unknown` for
//! a request that was refused before that was chosen. Where
//! [`with_lookup`](crate::WebhookLayer::with_lookup) makes names up, one for each tenant, the first 256
//! of a layer count for themselves and the rest as `other`: name the provider, not the tenant.
//!
//! All series of a provider are there, at 0, from its first delivery on: a failure that would be the first of
//! its series has a rate. Handles are registered then, with the recorder that is installed by then; a request only counts.
//! Alarms that are worth having: `webhook_handlers_total` with `end!="completed"`, `webhook_store_failures_total`,
//! `webhook_settlements_abandoned_total` with `settlement="completed"`, `webhook_rejections_total` with `kind="undecodable"` (events are not
//! taken) and, against its usual rate, `kind="wrong_signature"` (a secret was rotated and not here).

mod in_span;
#[cfg_attr(not(feature = "metrics"), path = "metrics_off.rs")]
mod metrics;
mod outcome;
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
    store::{DroppedCompletions, StoreOperation, StoreTimer},
    telemetry::{Observer, Telemetry},
    trace::{acknowledged, item_failed, item_repeated, missing_scope, unroutable},
    unrouted::UnroutedTypes,
};
