//! How each request ended, for logs and metrics: [`Outcome`], given to
//! [`on_outcome`](crate::WebhookLayer::on_outcome).
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

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::{HeaderMap, Response, StatusCode};

use crate::{Delivery, Rejection, rejection::GRPC_STATUS};

/// How a request ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    kind: OutcomeKind,
    status: Option<StatusCode>,
    grpc_status: Option<u16>,
    rejection: Option<Rejection>,
    provider: Option<Box<str>>,
    delivery: Option<Delivery>,
    handler: Option<HandlerEnd>,
    settlement: Option<Settlement>,
    elapsed: Duration,
}

/// What became of a request as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutcomeKind {
    /// The handler was called.
    Accepted,
    /// It had been handled before.
    Duplicate,
    /// It was refused.
    Rejected,
    /// It was a handshake, and was answered.
    Handshake,
    /// The client left, or the service failed to become ready, before the handler was called.
    Aborted,
}

/// How the handler ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandlerEnd {
    /// It succeeded.
    Completed,
    /// It answered anything that is not a success, or returned an error.
    Failed,
    /// It panicked.
    Panicked,
    /// It took longer than [`handler_timeout`](crate::WebhookLayer::handler_timeout).
    TimedOut,
    /// It was dropped while it ran, usually because the client hung up.
    Cancelled,
}

/// How the claim was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Settlement {
    /// The delivery is remembered as handled.
    Completed,
    /// The delivery may be handled again.
    Released,
    /// The lease had run out before: another run may have begun.
    Lost,
    /// The store failed; it is being tried again while the lease lives.
    Pending,
}

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// The name in snake_case, for logs and metrics: stable.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names!(OutcomeKind {
    Accepted = "accepted",
    Duplicate = "duplicate",
    Rejected = "rejected",
    Handshake = "handshake",
    Aborted = "aborted",
});
names!(HandlerEnd {
    Completed = "completed",
    Failed = "failed",
    Panicked = "panicked",
    TimedOut = "timed_out",
    Cancelled = "cancelled",
});
names!(Settlement {
    Completed = "completed",
    Released = "released",
    Lost = "lost",
    Pending = "pending",
});

impl Outcome {
    /// What became of the request.
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        self.kind
    }

    /// The status that was answered; `None` where nothing was.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// The `grpc-status` in the answer's headers, where there is one.
    #[must_use]
    pub fn grpc_status(&self) -> Option<u16> {
        self.grpc_status
    }

    /// Why it was refused, for those that were; also for an accepted one whose handler took too long.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// The provider's name, once the verifier is chosen.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The delivery, once it is verified; never before.
    #[must_use]
    pub fn delivery(&self) -> Option<&Delivery> {
        self.delivery.as_ref()
    }

    /// How the handler ended, if it was called.
    #[must_use]
    pub fn handler(&self) -> Option<HandlerEnd> {
        self.handler
    }

    /// How the claim was settled, if there was one.
    #[must_use]
    pub fn settlement(&self) -> Option<Settlement> {
        self.settlement
    }

    /// From the call to the end: of the handler, or of the request where it was not called.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

pub(crate) type OnOutcome = Arc<dyn Fn(&Outcome) + Send + Sync>;

/// Notes how a request goes, and tells when the last clone is dropped: however it ended, it ended then.
///
/// A handler in a task of its own has a clone: it may end after its request, or before.
#[derive(Clone)]
pub(crate) struct Record(Option<Arc<Noted>>);

struct Noted {
    outcome: Mutex<Outcome>,
    since: Instant,
    tell: OnOutcome,
}

impl Record {
    /// Begins a record; it costs nothing if nobody listens.
    pub(crate) fn begin(listener: Option<&OnOutcome>) -> Self {
        Self(listener.map(|tell| {
            let outcome = Outcome {
                kind: OutcomeKind::Aborted,
                status: None,
                grpc_status: None,
                rejection: None,
                provider: None,
                delivery: None,
                handler: None,
                settlement: None,
                elapsed: Duration::ZERO,
            };
            Arc::new(Noted { outcome: Mutex::new(outcome), since: Instant::now(), tell: Arc::clone(tell) })
        }))
    }

    fn note(&self, note: impl FnOnce(&mut Outcome)) {
        if let Some(noted) = &self.0 {
            note(&mut noted.outcome.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    pub(crate) fn provider(&self, provider: &str) {
        self.note(|outcome| outcome.provider = Some(provider.into()));
    }

    pub(crate) fn delivery(&self, delivery: &Delivery) {
        self.note(|outcome| outcome.delivery = Some(delivery.clone()));
    }

    /// The handler is about to be called. Until it is known how it ends, it is as if it were cancelled.
    pub(crate) fn handler_called(&self) {
        self.note(|outcome| {
            outcome.kind = OutcomeKind::Accepted;
            outcome.handler = Some(HandlerEnd::Cancelled);
        });
    }

    pub(crate) fn handler_ended(&self, end: HandlerEnd) {
        self.note(|outcome| outcome.handler = Some(end));
    }

    pub(crate) fn settled(&self, settlement: Settlement) {
        self.note(|outcome| outcome.settlement = Some(settlement));
    }

    /// A request that ends without its handler, or whose handler gave no answer in time. The first
    /// rejection is the one that was answered: a handler that goes on may time out after its request.
    pub(crate) fn ended(&self, kind: OutcomeKind, rejection: Option<&Rejection>) {
        self.note(|outcome| {
            if outcome.handler.is_none() {
                outcome.kind = kind;
            }
            outcome.rejection = outcome.rejection.take().or_else(|| rejection.cloned());
        });
    }

    pub(crate) fn answered<B>(&self, response: &Response<B>) {
        self.note(|outcome| {
            outcome.status = Some(response.status());
            outcome.grpc_status = grpc_status(response.headers());
        });
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let outcome = self.outcome.get_mut().unwrap_or_else(PoisonError::into_inner);
        outcome.elapsed = self.since.elapsed();
        // It may be dropped while a panic of the handler's unwinds: a second would abort.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.tell)(outcome)));
    }
}

fn grpc_status(headers: &HeaderMap) -> Option<u16> {
    headers.get(&GRPC_STATUS)?.to_str().ok()?.parse().ok()
}
