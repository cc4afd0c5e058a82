use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, Response};
use tokio::time::Instant;

use super::{
    HandlerEnd, Outcome, OutcomeKind, Settlement,
    metrics::{Meters, Registry},
    trace::{self, DeliverySpan, Entered},
};
use crate::{Delivery, Rejection, rejection::GRPC_STATUS};

pub(crate) type OnOutcome = Arc<dyn Fn(&Outcome) + Send + Sync>;

/// The receivers of outcomes, in addition to the tracing subscriber.
#[derive(Clone, Default)]
pub(crate) struct Observer {
    pub(crate) on_outcome: Option<OnOutcome>,
    pub(crate) registry: Registry,
}

/// A record of a request, which reports the outcome when its last clone is dropped.
///
/// A handler in its own task has a clone, because it may end before or after its request.
#[derive(Clone)]
pub(crate) struct Telemetry(Option<Arc<Recording>>);

struct Recording {
    progress: Mutex<Progress>,
    since: Instant,
    span: DeliverySpan,
    observer: Observer,
}

struct Progress {
    outcome: Outcome,
    handler_since: Option<Instant>,
    /// The provider's metrics, once known.
    meters: Option<Meters>,
}

impl Telemetry {
    /// A disabled record.
    pub(crate) const NONE: Self = Self(None);

    /// Begins a record; it is disabled if there are no receivers.
    pub(crate) fn begin(observer: &Observer) -> Self {
        let span = DeliverySpan::open();
        if observer.on_outcome.is_none() && !observer.registry.listens() && span.is_disabled() {
            return Self::NONE;
        }
        let progress = Progress { outcome: Outcome::BEGUN, handler_since: None, meters: None };
        Self(Some(Arc::new(Recording {
            progress: Mutex::new(progress),
            since: Instant::now(),
            span,
            observer: observer.clone(),
        })))
    }

    /// Enters the request's span until the guard is dropped.
    pub(crate) fn enter(&self) -> Option<Entered<'_>> {
        self.0.as_ref().map(|recording| recording.span.enter())
    }

    #[inline]
    fn note(&self, note: impl FnOnce(&mut Progress)) {
        if let Some(recording) = &self.0 {
            recording.note(note);
        }
    }

    #[inline]
    pub(crate) fn provider(&self, provider: &str) {
        if let Some(recording) = &self.0 {
            recording.provider(provider);
        }
    }

    /// Records the verified delivery; called again once its key is known.
    #[inline]
    pub(crate) fn delivery(&self, delivery: &Delivery) {
        if let Some(recording) = &self.0 {
            recording.delivery(delivery);
        }
    }

    /// Records that the handler is called. Until its end is recorded, it counts as cancelled.
    #[inline]
    pub(crate) fn handler_called(&self) {
        self.note(|progress| {
            progress.outcome.kind = OutcomeKind::Accepted;
            progress.outcome.handler = Some(HandlerEnd::Cancelled);
            progress.handler_since = Some(Instant::now());
        });
    }

    #[inline]
    pub(crate) fn handler_ended(&self, end: HandlerEnd) {
        self.note(|progress| {
            progress.outcome.handler = Some(end);
            progress.outcome.handler_time = progress.handler_since.map(|since| since.elapsed());
        });
    }

    /// Records that the handler left the delivery unhandled, so that the handler counts as not called.
    #[inline]
    pub(crate) fn unhandled(&self, kind: OutcomeKind) {
        self.note(|progress| {
            progress.outcome.kind = kind;
            progress.outcome.handler = None;
            progress.handler_since = None;
        });
    }

    /// Records that the handler succeeded, but did not commit its transaction.
    pub(crate) fn uncommitted(&self) {
        self.note(|progress| progress.outcome.handler = Some(HandlerEnd::Failed));
    }

    #[inline]
    pub(crate) fn settled(&self, settlement: Settlement) {
        self.note(|progress| progress.outcome.settlement = Some(settlement));
    }

    /// Records the time that the request waited for the store.
    pub(super) fn store_call_ended(&self, time: Duration) {
        self.note(|progress| *progress.outcome.store_time.get_or_insert_default() += time);
    }

    /// Records a request that ends without its handler, or whose handler did not respond in time. Only the
    /// first rejection is kept, because the client receives it: a detached handler may time out later.
    pub(crate) fn ended(&self, kind: OutcomeKind, rejection: Option<&Rejection>) {
        if let Some(rejection) = rejection {
            trace::rejected(kind, rejection);
        }
        self.note(|progress| {
            let outcome = &mut progress.outcome;
            outcome.kind = kind;
            outcome.rejection = outcome.rejection.take().or_else(|| rejection.cloned());
        });
    }

    #[inline]
    pub(crate) fn answered<B>(&self, response: &Response<B>) {
        self.note(|progress| {
            progress.outcome.status = Some(response.status());
            progress.outcome.grpc_status = grpc_status(response.headers());
        });
    }

    /// Returns the handles of the provider's series, if there is a recorder.
    pub(super) fn meters(&self) -> Option<Meters> {
        let mut meters = None;
        self.note(|progress| meters = progress.meters.clone());
        meters
    }

    /// Returns whether the record is enabled, so that times must be measured.
    pub(super) fn listens(&self) -> bool {
        self.0.is_some()
    }
}

impl Recording {
    #[inline(never)]
    fn note(&self, note: impl FnOnce(&mut Progress)) {
        note(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn provider(&self, provider: &str) {
        self.span.provider(provider);
        let meters = self.observer.registry.of(provider);
        if let Some(meters) = &meters {
            meters.begun();
        }
        self.note(|progress| {
            progress.outcome.provider = Some(provider.into());
            progress.meters = meters;
        });
    }

    fn delivery(&self, delivery: &Delivery) {
        let mut first = false;
        self.note(|progress| first = progress.outcome.delivery.replace(delivery.clone()).is_none());
        if first {
            self.span.delivery(delivery);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let Progress { outcome, handler_since, meters } =
            self.progress.get_mut().unwrap_or_else(PoisonError::into_inner);
        outcome.elapsed = self.since.elapsed();
        // The end of a cancelled handler is not recorded, so its time ends here.
        outcome.handler_time = outcome.handler_time.or(handler_since.map(|since| since.elapsed()));
        let (span, observer) = (&self.span, &self.observer);
        // A panic here, while a panic of the handler unwinds, would abort.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            span.ended(outcome);
            match meters {
                Some(meters) => meters.ended(outcome),
                None => observer.registry.ended_unknown(outcome),
            }
            if let Some(f) = &observer.on_outcome {
                let _entered = span.enter();
                f(outcome);
            }
        }));
    }
}

fn grpc_status(headers: &HeaderMap) -> Option<u16> {
    headers.get(&GRPC_STATUS)?.to_str().ok()?.parse().ok()
}
