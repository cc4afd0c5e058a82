//! Why a request was refused, and what its sender is told: [`Rejection`] and [`RejectionKind`].
//!
//! The sender is told the kind and no more. What is behind it is for the operator: in
//! [`source()`](std::error::Error::source), and in the response's extensions, where middleware
//! above the layer finds the rejection.
//!
//! ```
//! use bytes::Bytes;
//! use http::Response;
//! use tower_webhook::{Rejection, RejectionKind, Secret, WebhookLayer};
//!
//! let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let layer = WebhookLayer::new(secret).on_rejection(|rejection: &Rejection| {
//!     let text = format!(r#"{{"error":"{}"}}"#, rejection.kind());
//!     let mut response = Response::new(Bytes::from(text));
//!     *response.status_mut() = rejection.status();
//!     response
//! });
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```

use std::{error::Error, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{BoxError, verify::VerifyError};

/// Says that a 200 answers a delivery which had been handled before.
pub(crate) static DUPLICATE: HeaderName = HeaderName::from_static("x-webhook-duplicate");
pub(crate) static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// What was wrong, in kinds that call for different answers. [Troubleshooting](crate::guide::troubleshooting)
/// has the causes of each, and the cures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The signature, or something it needs, is not there. 401.
    MissingSignature,
    /// There is a signature that does not look like one. 401.
    MalformedSignature,
    /// The signed timestamp is too old, or too far ahead. 401.
    StaleTimestamp,
    /// The signature is not the right one. 401.
    WrongSignature,
    /// There is no verifier for this request. 401, in the words of a wrong signature. Who tries can tell
    /// them apart all the same: an endpoint that is there says so when a signature is missing.
    UnknownEndpoint,
    /// The body broke off. 400.
    BodyInterrupted,
    /// The body did not arrive in time. 408.
    BodyTooSlow,
    /// The body is larger than the limit. 413.
    BodyTooLarge,
    /// The delivery is true, but its payload is not of the type that was asked for. 422.
    Undecodable,
    /// The same delivery is being handled now. 503: it is not known yet how that ends.
    InProgress,
    /// The handler had not finished at the [`ack_deadline`](crate::WebhookLayer::ack_deadline), and goes
    /// on; or the delivery had not come to it by then. 503.
    AckDeadline,
    /// The store could not be asked whether the delivery was handled before. 503.
    StoreUnavailable,
    /// The verifier, or a key it needs, could not be had. 503.
    VerifierUnavailable,
    /// The layer holds as many bytes of bodies as it may. 503.
    OverBudget,
    /// The handler took longer than it may, and was dropped. 503.
    HandlerTimeout,
}

impl RejectionKind {
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: &[Self] = &[
        Self::MissingSignature,
        Self::MalformedSignature,
        Self::StaleTimestamp,
        Self::WrongSignature,
        Self::UnknownEndpoint,
        Self::BodyInterrupted,
        Self::BodyTooSlow,
        Self::BodyTooLarge,
        Self::Undecodable,
        Self::InProgress,
        Self::AckDeadline,
        Self::StoreUnavailable,
        Self::VerifierUnavailable,
        Self::OverBudget,
        Self::HandlerTimeout,
    ];

    /// The kind's name in snake_case, for logs and metrics: stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.facts().name
    }

    /// The status that it is answered with, but for gRPC requests.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.facts().status
    }

    /// The `grpc-status` that it is answered with when the request's content type is gRPC's.
    #[must_use]
    pub const fn grpc_status(self) -> u8 {
        self.facts().grpc_status
    }

    /// What the answer's `Retry-After` says, in whole seconds.
    #[must_use]
    pub fn retry_after(self) -> Option<Duration> {
        self.facts().retry_after.map(Duration::from_secs)
    }

    const fn facts(self) -> Facts {
        use StatusCode as Is;
        match self {
            Self::MissingSignature => {
                Facts::new("missing_signature", "missing signature", Is::UNAUTHORIZED, 16)
            }
            Self::MalformedSignature => {
                Facts::new("malformed_signature", "malformed signature", Is::UNAUTHORIZED, 16)
            }
            Self::StaleTimestamp => Facts::new("stale_timestamp", "stale timestamp", Is::UNAUTHORIZED, 16),
            Self::WrongSignature => Facts::new("wrong_signature", "wrong signature", Is::UNAUTHORIZED, 16),
            Self::UnknownEndpoint => Facts::new("unknown_endpoint", "wrong signature", Is::UNAUTHORIZED, 16),
            Self::BodyInterrupted => Facts::new("body_interrupted", "body interrupted", Is::BAD_REQUEST, 3),
            Self::BodyTooSlow => Facts::new("body_too_slow", "body too slow", Is::REQUEST_TIMEOUT, 4),
            Self::BodyTooLarge => Facts::new("body_too_large", "body too large", Is::PAYLOAD_TOO_LARGE, 8),
            Self::Undecodable => {
                Facts::new("undecodable", "undecodable payload", Is::UNPROCESSABLE_ENTITY, 3)
            }
            Self::InProgress => Facts::later("in_progress", "in progress", 5),
            Self::AckDeadline => Facts::later("ack_deadline", "not finished yet", 5),
            Self::StoreUnavailable => Facts::later("store_unavailable", "temporarily unavailable", 10),
            Self::VerifierUnavailable => Facts::later("verifier_unavailable", "temporarily unavailable", 10),
            Self::OverBudget => Facts::later("over_budget", "temporarily unavailable", 10),
            Self::HandlerTimeout => Facts::later("handler_timeout", "temporarily unavailable", 10),
        }
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A kind's row in the table of answers.
struct Facts {
    name: &'static str,
    text: &'static str,
    status: StatusCode,
    grpc_status: u8,
    retry_after: Option<u64>,
}

impl Facts {
    const fn new(name: &'static str, text: &'static str, status: StatusCode, grpc_status: u8) -> Self {
        Self { name, text, status, grpc_status, retry_after: None }
    }

    /// "Not now": the provider is asked to send the delivery again.
    const fn later(name: &'static str, text: &'static str, retry_after: u64) -> Self {
        Self {
            name,
            text,
            status: StatusCode::SERVICE_UNAVAILABLE,
            grpc_status: 14,
            retry_after: Some(retry_after),
        }
    }
}

/// A request that was refused, and why.
///
/// The layer puts it into the extensions of the response that it answers with.
#[derive(Clone, Debug)]
pub struct Rejection {
    kind: RejectionKind,
    cause: Option<Cause>,
}

#[derive(Clone, Debug)]
enum Cause {
    // Beside the other so that refusing by the head allocates nothing for it.
    Verify(VerifyError),
    Other(Arc<dyn Error + Send + Sync>),
}

impl Rejection {
    pub(crate) fn new(kind: RejectionKind) -> Self {
        Self { kind, cause: None }
    }

    pub(crate) fn because(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(Cause::Other(cause.into().into()));
        self
    }

    /// What was wrong.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The status that it is answered with, but for gRPC requests, which get a `grpc-status`.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// The layer's own answer, for [`on_rejection`](crate::WebhookLayer::on_rejection) to add to.
    #[must_use]
    pub fn to_response(&self) -> Response<Bytes> {
        let facts = self.kind.facts();
        let mut response = Response::new(Bytes::from_static(facts.text.as_bytes()));
        *response.status_mut() = facts.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if let Some(seconds) = facts.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    /// The answer to a gRPC request: trailers only, which clients need to read a status at all.
    pub(crate) fn to_grpc_response(&self) -> Response<Bytes> {
        let facts = self.kind.facts();
        grpc_response(facts.grpc_status, facts.text)
    }
}

impl From<VerifyError> for Rejection {
    fn from(error: VerifyError) -> Self {
        Self { kind: error.kind(), cause: Some(Cause::Verify(error)) }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.facts().text)
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            None => None,
            Some(Cause::Verify(error)) => Some(error),
            Some(Cause::Other(error)) => Some(&**error),
        }
    }
}

/// The answer to a delivery that was handled before.
pub(crate) fn duplicate_response(grpc: bool) -> Response<Bytes> {
    // A unary gRPC client cannot read an OK that has no message: it is told ALREADY_EXISTS.
    let mut response = if grpc { grpc_response(6, "duplicate") } else { Response::default() };
    response.headers_mut().insert(DUPLICATE.clone(), HeaderValue::from_static("true"));
    response
}

/// Whether a request expects a gRPC answer.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

fn grpc_response(status: u8, message: &'static str) -> Response<Bytes> {
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS.clone(), u16::from(status).into());
    headers.insert(GRPC_MESSAGE.clone(), HeaderValue::from_static(message));
    response
}
