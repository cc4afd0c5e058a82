use tokio::time::Instant;

use super::{
    Settlement, Telemetry,
    metrics::{Meters, Registry},
    per_minute::PerMinute,
    trace,
};
use crate::store::StoreError;

/// An operation of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StoreOperation {
    Claim,
    Extend,
    Complete,
    Release,
}

impl StoreOperation {
    #[cfg(feature = "metrics")]
    pub(super) const ALL: &[Self] = &[Self::Claim, Self::Extend, Self::Complete, Self::Release];

    #[cfg(any(feature = "metrics", feature = "tracing"))]
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Extend => "extend",
            Self::Complete => "complete",
            Self::Release => "release",
        }
    }
}

/// A timer for the store operations of one claim.
#[derive(Clone)]
pub(crate) struct StoreTimer {
    /// The request that waits for the operations, if any.
    telemetry: Telemetry,
    meters: Option<Meters>,
}

impl StoreTimer {
    /// Creates a timer for the request of `telemetry`.
    pub(crate) fn of(telemetry: &Telemetry) -> Self {
        Self { telemetry: telemetry.clone(), meters: telemetry.meters() }
    }

    /// Creates a timer for the claim of an item. Its operations do not count towards the store time of a
    /// request, because they are part of the handler's time.
    pub(crate) fn alone(registry: &Registry, provider: &str) -> Self {
        Self { telemetry: Telemetry::NONE, meters: registry.of(provider) }
    }

    /// Returns a timer for background operations, which are not part of the request.
    pub(crate) fn in_background(&self) -> Self {
        Self { telemetry: Telemetry::NONE, meters: self.meters.clone() }
    }

    /// Starts the timer, for [`stop`](Self::stop).
    pub(crate) fn start(&self) -> Option<Instant> {
        (self.meters.is_some() || self.telemetry.listens()).then(Instant::now)
    }

    pub(crate) fn stop<T>(
        &self,
        operation: StoreOperation,
        started: Option<Instant>,
        answer: &Result<T, StoreError>,
    ) {
        if let Err(error) = answer {
            trace::store_failed(operation, error);
        }
        let Some(time) = started.map(|started| started.elapsed()) else { return };
        if let Some(meters) = &self.meters {
            meters.store_call_ended(operation, time, answer.is_ok());
        }
        self.telemetry.store_call_ended(time);
    }

    /// Records that the claim was settled or lost.
    pub(crate) fn settled(&self, settlement: Settlement) {
        if settlement == Settlement::Lost {
            trace::lease_lost();
        }
    }

    /// Counts one more background attempt to settle.
    pub(crate) fn retried(&self) {
        if let Some(meters) = &self.meters {
            meters.settlement_retried();
        }
    }

    /// Records that the lease expired before the store accepted the settlement.
    pub(crate) fn abandoned(&self, intent: Settlement) {
        trace::settlement_abandoned(intent);
        self.count_abandoned(intent);
    }

    /// Records that a settlement was dropped, because too many others wait for the store.
    pub(crate) fn dropped(&self, intent: Settlement, completions: &DroppedCompletions) {
        // A dropped release only delays the next attempt until the lease expires.
        if intent == Settlement::Completed {
            completions.add();
        }
        self.count_abandoned(intent);
    }

    fn count_abandoned(&self, intent: Settlement) {
        if let Some(meters) = &self.meters {
            meters.settlement_abandoned(intent);
        }
    }
}

/// Dropped completions that are not logged yet. There may be thousands, so one event reports many.
#[derive(Debug, Default)]
pub(crate) struct DroppedCompletions(PerMinute);

impl DroppedCompletions {
    /// Adds one. Logs the count since the last event, unless that event was less than a minute ago.
    fn add(&self) {
        report(self.0.add());
    }

    /// Logs the remaining count.
    pub(crate) fn report_rest(&self) {
        report(self.0.rest());
    }
}

fn report(count: u64) {
    if count > 0 {
        trace::completions_dropped(count);
    }
}
