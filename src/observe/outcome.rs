use std::{fmt, time::Duration};

use http::StatusCode;

use crate::{Delivery, Rejection};

/// The outcome of a request.
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

/// The kind of an [`Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutcomeKind {
    /// The handler was called, regardless of its result: see [`Outcome::handler`] and
    /// [`Outcome::settlement`].
    Accepted,
    /// The delivery was handled before.
    Duplicate,
    /// The request was rejected.
    Rejected,
    /// The request was a verification handshake, and was answered.
    Handshake,
    /// The event type is not [listed](crate::WebhookLayer::only_events), or has no route in the
    /// [`EventRouter`](crate::EventRouter). The delivery got a 200 without being handled, and is not
    /// remembered.
    Ignored,
    /// The payload could not be decoded, and the delivery was acknowledged with 200 because of
    /// [`Undecodable::Acknowledge`](crate::Undecodable::Acknowledge). The provider does not retry it.
    Acknowledged,
    /// The client disconnected, or the service failed to become ready, before the handler was called.
    Aborted,
}

/// A marker in a response's extensions for an ignored event.
///
/// The layer inserts it into its response to an event type that is not
/// [listed](crate::WebhookLayer::only_events). An [`EventRouter`](crate::EventRouter) inserts it into its
/// response to an event type without a route. A handler can insert it into a 2xx response: the layer then
/// releases the claim and reports [`OutcomeKind::Ignored`], so a redelivery runs the handler again. With any
/// other status, the marker has no effect.
///
/// ```
/// use http::Response;
/// use tower_webhook::observe::Ignored;
///
/// let mut response = Response::new(());
/// response.extensions_mut().insert(Ignored);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a unit struct, used as a value")]
pub struct Ignored;

/// A marker like [`Ignored`], for a delivery that was [acknowledged](OutcomeKind::Acknowledged).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acknowledged;

/// The way in which the handler ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandlerEnd {
    /// The handler succeeded.
    Completed,
    /// The handler returned an error, or a response that does not complete the delivery. Or it returned a success
    /// without committing the transaction in which it completes the delivery or an item (`PostgresStore::complete_in`).
    Failed,
    /// The handler panicked.
    Panicked,
    /// The handler exceeded the [`handler_timeout`](crate::WebhookLayer::handler_timeout).
    TimedOut,
    /// The handler was dropped while it ran, usually because the client disconnected.
    Cancelled,
}

/// The settlement of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Settlement {
    /// The delivery is remembered as handled.
    Completed,
    /// The delivery may be handled again.
    Released,
    /// The lease had expired: another run may have begun.
    Lost,
    /// The store failed; the layer retries with a back-off until the lease expires.
    Pending,
}

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            #[cfg(feature = "metrics")]
            pub(super) const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the name in snake_case, for logs and metrics. The name is stable.
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
    /// The initial state.
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

    /// Returns the kind of the outcome.
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        self.kind
    }

    /// Returns the status of the response; `None` if there was no response.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Returns the `grpc-status` in the response's headers, if present.
    #[must_use]
    pub fn grpc_status(&self) -> Option<u16> {
        self.grpc_status
    }

    /// Returns the rejection of a rejected request. Also returns one for an accepted request whose handler
    /// took too long, or whose axum extractor `Payload<T>` could not decode the payload.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// Returns the provider's name, once the verifier is known.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// Returns the delivery, if it was verified.
    #[must_use]
    pub fn delivery(&self) -> Option<&Delivery> {
        self.delivery.as_ref()
    }

    /// Returns the way in which the handler ended; `None` if it was not called.
    #[must_use]
    pub fn handler(&self) -> Option<HandlerEnd> {
        self.handler
    }

    /// Returns the settlement of the claim; `None` if there was no claim.
    #[must_use]
    pub fn settlement(&self) -> Option<Settlement> {
        self.settlement
    }

    /// Returns the attempt number, counted from 1; see [`Delivery::attempt`].
    #[must_use]
    pub fn attempt(&self) -> Option<u32> {
        self.delivery.as_ref()?.attempt()
    }

    /// Returns the time that the request waited for the store, to claim and to settle. `None` if the request
    /// did not use the store.
    ///
    /// Excludes heartbeats and background settlements, which no request waits for.
    #[must_use]
    pub fn store_time(&self) -> Option<Duration> {
        self.store_time
    }

    /// Returns the time that the handler ran, until it responded or was stopped, without the settlement.
    /// `None` if it was not called.
    #[must_use]
    pub fn handler_time(&self) -> Option<Duration> {
        self.handler_time
    }

    /// Returns the time from the call of the service to the end of the request or of its handler, whichever
    /// ends later. Includes the settlement, unless it continues in the background.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}
