//! Metrics. Their handles are registered once per provider, so that a request only increments them.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use metrics::{
    Counter, Gauge, Histogram, IntoF64, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

use super::{HandlerEnd, Outcome, OutcomeKind, Settlement, StoreOperation};
use crate::RejectionKind;

const DELIVERIES: &str = "webhook_deliveries_total";
const DELIVERY_DURATION: &str = "webhook_delivery_duration_seconds";
const IN_FLIGHT: &str = "webhook_deliveries_in_flight";
const REJECTIONS: &str = "webhook_rejections_total";
const BODY: &str = "webhook_body_bytes";
const HANDLERS: &str = "webhook_handlers_total";
const HANDLER_DURATION: &str = "webhook_handler_duration_seconds";
const SETTLEMENTS: &str = "webhook_settlements_total";
const SETTLEMENT_RETRIES: &str = "webhook_settlement_retries_total";
const SETTLEMENTS_ABANDONED: &str = "webhook_settlements_abandoned_total";
const STORE_DURATION: &str = "webhook_store_duration_seconds";
const STORE_FAILURES: &str = "webhook_store_failures_total";

/// The `provider` label of a request that was rejected before its provider was known.
const UNKNOWN: &str = "unknown";
/// The `provider` label beyond the maximum number of providers.
const OTHER: &str = "other";

/// The handles of all providers that the layer has seen.
#[derive(Clone, Default)]
pub(crate) struct Registry(Arc<Series>);

#[derive(Default)]
struct Series {
    recorded: AtomicBool,
    known: RwLock<HashMap<Box<str>, Meters>>,
}

impl Registry {
    /// The maximum number of `provider` labels. It exceeds the number of built-in providers, and limits
    /// applications that create a provider name for each tenant.
    const MAX_PROVIDERS: usize = 256;

    /// Returns whether a recorder is installed. Only a positive result is cached: a recorder may be installed
    /// later, but is never removed.
    pub(super) fn listens(&self) -> bool {
        if self.0.recorded.load(Ordering::Relaxed) {
            return true;
        }
        // With literals the key is static, so this check is cheap.
        let recorded = is_recorded(&gauge!("webhook_deliveries_in_flight", "provider" => "unknown"));
        if recorded && !self.0.recorded.swap(true, Ordering::Relaxed) {
            describe();
        }
        recorded
    }

    /// Returns the handles of `provider`'s series, if there is a recorder.
    pub(super) fn of(&self, provider: &str) -> Option<Meters> {
        if !self.listens() {
            return None;
        }
        if let Some(meters) = self.0.known.read().unwrap_or_else(PoisonError::into_inner).get(provider) {
            return Some(meters.clone());
        }
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        let provider = if known.len() < Self::MAX_PROVIDERS { provider } else { OTHER };
        Some(known.entry(provider.into()).or_insert_with(|| Meters::of(provider)).clone())
    }

    /// Counts a request that ended before its provider was known.
    pub(super) fn ended_unknown(&self, outcome: &Outcome) {
        if let Some(meters) = self.of(UNKNOWN) {
            meters.begun();
            meters.ended(outcome);
        }
    }
}

/// Returns whether a gauge belongs to a recorder. A gauge without a recorder never evaluates the value.
fn is_recorded(gauge: &Gauge) -> bool {
    struct Probe<'a>(&'a Cell<bool>);

    impl IntoF64 for Probe<'_> {
        fn into_f64(self) -> f64 {
            self.0.set(true);
            0.0
        }
    }

    let asked = Cell::new(false);
    gauge.increment(Probe(&asked));
    asked.get()
}

/// The handles of a provider. Arrays are in the order of the label's values.
#[derive(Clone)]
pub(super) struct Meters(Arc<Handles>);

struct Handles {
    deliveries: Vec<Counter>,
    delivery_duration: Vec<Histogram>,
    in_flight: Gauge,
    rejections: Vec<Counter>,
    body: Histogram,
    handlers: Vec<Counter>,
    handler_duration: Histogram,
    settlements: Vec<Counter>,
    settlement_retries: Counter,
    settlements_abandoned: Vec<Counter>,
    store_duration: Vec<Histogram>,
    store_failures: Vec<Counter>,
}

impl Meters {
    /// Registers all series at once: `rate()` misses the increment with which a series first appears.
    fn of(provider: &str) -> Self {
        let provider: Arc<str> = provider.into();
        let provider = || Arc::clone(&provider);
        let counters = |name, label, values: &[&'static str]| {
            values.iter().map(|value| counter!(name, "provider" => provider(), label => *value)).collect()
        };
        let histograms = |name, label, values: &[&'static str]| {
            values.iter().map(|value| histogram!(name, "provider" => provider(), label => *value)).collect()
        };
        let outcomes: Vec<_> = OutcomeKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let rejections: Vec<_> = RejectionKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let ends: Vec<_> = HandlerEnd::ALL.iter().map(|end| end.as_str()).collect();
        let settlements: Vec<_> = Settlement::ALL.iter().map(|settlement| settlement.as_str()).collect();
        let intents = [Settlement::Completed, Settlement::Released].map(Settlement::as_str);
        let operations: Vec<_> = StoreOperation::ALL.iter().map(|operation| operation.as_str()).collect();
        Self(Arc::new(Handles {
            deliveries: counters(DELIVERIES, "outcome", &outcomes),
            delivery_duration: histograms(DELIVERY_DURATION, "outcome", &outcomes),
            in_flight: gauge!(IN_FLIGHT, "provider" => provider()),
            rejections: counters(REJECTIONS, "kind", &rejections),
            body: histogram!(BODY, "provider" => provider()),
            handlers: counters(HANDLERS, "end", &ends),
            handler_duration: histogram!(HANDLER_DURATION, "provider" => provider()),
            settlements: counters(SETTLEMENTS, "settlement", &settlements),
            settlement_retries: counter!(SETTLEMENT_RETRIES, "provider" => provider()),
            settlements_abandoned: counters(SETTLEMENTS_ABANDONED, "settlement", &intents),
            store_duration: histograms(STORE_DURATION, "operation", &operations),
            store_failures: counters(STORE_FAILURES, "operation", &operations),
        }))
    }

    pub(super) fn begun(&self) {
        self.0.in_flight.increment(1);
    }

    pub(super) fn ended(&self, outcome: &Outcome) {
        let handles = &*self.0;
        handles.in_flight.decrement(1);
        count(&handles.deliveries, outcome.kind() as usize);
        time(&handles.delivery_duration, outcome.kind() as usize, outcome.elapsed());
        if let Some(rejection) = outcome.rejection() {
            count(&handles.rejections, rejection.kind() as usize);
        }
        if let Some(delivery) = outcome.delivery() {
            handles.body.record(delivery.raw().len() as f64);
        }
        if let Some(end) = outcome.handler() {
            count(&handles.handlers, end as usize);
        }
        if let Some(time) = outcome.handler_time() {
            handles.handler_duration.record(time);
        }
        if let Some(settlement) = outcome.settlement() {
            count(&handles.settlements, settlement as usize);
        }
    }

    pub(super) fn store_call_ended(&self, operation: StoreOperation, took: Duration, ok: bool) {
        time(&self.0.store_duration, operation as usize, took);
        if !ok {
            count(&self.0.store_failures, operation as usize);
        }
    }

    pub(super) fn settlement_retried(&self) {
        self.0.settlement_retries.increment(1);
    }

    pub(super) fn settlement_abandoned(&self, intent: Settlement) {
        count(&self.0.settlements_abandoned, usize::from(intent != Settlement::Completed));
    }
}

fn count(counters: &[Counter], at: usize) {
    if let Some(counter) = counters.get(at) {
        counter.increment(1);
    }
}

fn time(histograms: &[Histogram], at: usize, took: Duration) {
    if let Some(histogram) = histograms.get(at) {
        histogram.record(took);
    }
}

fn describe() {
    let count = Unit::Count;
    describe_counter!(DELIVERIES, count, "Requests by outcome");
    describe_histogram!(
        DELIVERY_DURATION,
        Unit::Seconds,
        "Time from the call of the service to the end of the handler or request"
    );
    describe_gauge!(IN_FLIGHT, count, "Requests in progress, including handlers that outlive their request");
    describe_counter!(REJECTIONS, count, "Rejections by kind");
    describe_histogram!(BODY, Unit::Bytes, "Body sizes of verified deliveries");
    describe_counter!(HANDLERS, count, "Called handlers by end");
    describe_histogram!(HANDLER_DURATION, Unit::Seconds, "Duration of handlers");
    describe_counter!(SETTLEMENTS, count, "Settled claims by settlement");
    describe_counter!(SETTLEMENT_RETRIES, count, "Background attempts to settle after a store failure");
    describe_counter!(
        SETTLEMENTS_ABANDONED,
        count,
        "Settlements that were not stored before the lease expired, or were dropped"
    );
    describe_histogram!(STORE_DURATION, Unit::Seconds, "Duration of store calls");
    describe_counter!(STORE_FAILURES, count, "Errors and timeouts of the store");
}
