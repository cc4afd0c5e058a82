use std::{fmt, time::Duration};

use http::StatusCode;

use crate::{Delivery, Rejection};

/// How a request ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub(super) kind: OutcomeKind,
    pub(super) status: Option<StatusCode>,
    pub(super) grpc_status: Option<u16>,
    pub(super) rejection: Option<Rejection>,
    pub(super) provider: Option<Box<str>>,
    pub(super) delivery: Option<Delivery>,
    pub(super) handler: Option<HandlerEnd>,
    pub(super) settlement: Option<Settlement>,
    pub(super) store_time: Option<Duration>,
    pub(super) handler_time: Option<Duration>,
    pub(super) elapsed: Duration,
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
    /// Its event type was not [asked for](crate::WebhookLayer::only_events), or has no route in the
    /// [`EventRouter`](crate::EventRouter): it was answered 200 without being handled, and is not remembered.
    Ignored,
    /// It could not be decoded, and was answered 200 as
    /// [`Undecodable::Acknowledge`](crate::Undecodable::Acknowledge) says. The provider will not send it again.
    Acknowledged,
    /// The client left, or the service failed to become ready, before the handler was called.
    Aborted,
}

/// A marker in a response's extensions: the event was ignored.
///
/// The layer puts it into its answer to an event type that was not
/// [asked for](crate::WebhookLayer::only_events), and an [`EventRouter`](crate::EventRouter) into its answer to one
/// without a route. In the 2xx response of any handler it has the same effect: the layer releases the claim and
/// reports [`OutcomeKind::Ignored`], so a redelivery runs the handler again. Any other status is a failure as usual.
///
/// ```
/// use http::Response;
/// use tower_webhook::observe::Ignored;
///
/// let mut response = Response::new(());
/// response.extensions_mut().insert(Ignored);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "its name is its only value")]
pub struct Ignored;

/// [`Ignored`] of a delivery that was [acknowledged](OutcomeKind::Acknowledged).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acknowledged;

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
    /// The store failed; the layer tries again, with a back-off, while the lease lives.
    Pending,
}

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            #[cfg(feature = "metrics")]
            pub(super) const ALL: &[Self] = &[$(Self::$variant),+];

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
    Ignored = "ignored",
    Acknowledged = "acknowledged",
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
    /// As it is until more is known.
    pub(super) const BEGUN: Self = Self {
        kind: OutcomeKind::Aborted,
        status: None,
        grpc_status: None,
        rejection: None,
        provider: None,
        delivery: None,
        handler: None,
        settlement: None,
        store_time: None,
        handler_time: None,
        elapsed: Duration::ZERO,
    };

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

    /// Which of the provider's attempts it was, counted from 1: [`Delivery::attempt`].
    #[must_use]
    pub fn attempt(&self) -> Option<u32> {
        self.delivery.as_ref()?.attempt()
    }

    /// How long the request waited for the store: to claim, and to settle. `None`: it did not ask it.
    ///
    /// What is done beside the handler (the lease is extended) or in the background does not count: nobody
    /// waits for it.
    #[must_use]
    pub fn store_time(&self) -> Option<Duration> {
        self.store_time
    }

    /// How long the handler ran, until it answered or was ended; settling comes after that. `None`: it was
    /// not called.
    #[must_use]
    pub fn handler_time(&self) -> Option<Duration> {
        self.handler_time
    }

    /// From the call to the end: of the handler, or of the request where it was not called.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}
