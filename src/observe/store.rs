use tokio::time::Instant;

use super::{
    Record, Settlement,
    metrics::{Meters, Registry},
    trace,
};
use crate::store::StoreError;

/// What is asked of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Claim,
    Extend,
    Complete,
    Release,
}

impl Operation {
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

/// Watches what one claim asks of the store.
pub(crate) struct Watch {
    /// The request that waits for it, if one does.
    record: Record,
    meters: Option<Meters>,
}

impl Watch {
    /// For the request that `record` is of.
    pub(crate) fn of(record: &Record) -> Self {
        Self { record: record.clone(), meters: record.meters() }
    }

    /// For what no request waits for: the items of a delivery.
    pub(crate) fn alone(registry: &Registry, provider: &str) -> Self {
        Self { record: Record::NONE, meters: registry.of(provider) }
    }

    /// Of what nobody waits for any more: the request's outcome is told without it.
    pub(crate) fn in_background(&self) -> Self {
        Self { record: Record::NONE, meters: self.meters.clone() }
    }

    /// The store is about to be asked: what [`answered`](Self::answered) is to be given back.
    pub(crate) fn asks(&self) -> Option<Instant> {
        (self.meters.is_some() || self.record.listens()).then(Instant::now)
    }

    pub(crate) fn answered<T>(
        &self,
        operation: Operation,
        asked: Option<Instant>,
        answer: &Result<T, StoreError>,
    ) {
        if let Err(error) = answer {
            trace::store_failed(operation, error);
        }
        let Some(time) = asked.map(|asked| asked.elapsed()) else { return };
        if let Some(meters) = &self.meters {
            meters.store_answered(operation, time, answer.is_ok());
        }
        // The lease is extended beside the handler: the request does not wait for that.
        if !matches!(operation, Operation::Extend) {
            self.record.store_asked(time);
        }
    }

    /// The claim was settled, or found not to be its holder's any more.
    pub(crate) fn settled(&self, settlement: Settlement) {
        if settlement == Settlement::Lost {
            trace::lease_lost();
        }
    }

    /// A settlement is tried once more, in the background.
    pub(crate) fn settles_again(&self) {
        if let Some(meters) = &self.meters {
            meters.settles_again();
        }
    }

    /// The lease is over, and the store never took the settlement.
    pub(crate) fn settles_no_more(&self, intent: Settlement) {
        trace::settlement_abandoned(intent);
        if let Some(meters) = &self.meters {
            meters.settles_no_more();
        }
    }
}
