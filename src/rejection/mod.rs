//! Why a request was refused, and what its sender is told: [`Rejection`] and [`RejectionKind`].
//!
//! The sender is told the kind and no more. What is behind it is for the operator: in
//! [`source()`](std::error::Error::source), and in the response's extensions, where middleware
//! above the layer finds the rejection.
//!
//! ```
//! use bytes::Bytes;
//! use http::Response;
//! use tower_webhook::{Rejection, Secret, WebhookLayer};
//!
//! let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let layer = WebhookLayer::new(secret).on_rejection(|rejection: &Rejection, response: Response<Bytes>| {
//!     response.map(|_| Bytes::from(format!("rejected: {}", rejection.kind())))
//! });
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```

mod kind;

use std::{error::Error, fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

pub use self::kind::RejectionKind;
use self::kind::Row;
use crate::{
    BoxError, OutcomeKind,
    verify::{Reason, VerifyError},
};

/// Says that a 200 answers a delivery which had been handled before.
pub(crate) static DUPLICATE: HeaderName = HeaderName::from_static("x-webhook-duplicate");
pub(crate) static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

// Constants, because `from_static` checks every byte.
const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

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

    /// Returns the layer's default answer as plain text.
    #[must_use]
    pub fn to_response(&self) -> Response<Bytes> {
        self.response_of(PLAIN_TEXT, Bytes::from_static(self.kind.row().text.as_bytes()))
    }

    /// The answer as a problem by RFC 9457. It says no more than the plain text does.
    pub(crate) fn to_problem_json(&self) -> Response<Bytes> {
        let Row { text, status, .. } = self.kind.row();
        // The texts are fixed words, which need no escapes.
        let body = format!(r#"{{"type":"about:blank","title":"{text}","status":{}}}"#, status.as_u16());
        self.response_of(PROBLEM_JSON, body.into())
    }

    fn response_of(&self, content_type: HeaderValue, body: Bytes) -> Response<Bytes> {
        let row = self.kind.row();
        let mut response = Response::new(body);
        *response.status_mut() = row.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        if let Some(seconds) = row.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    /// Restores in the answer of a hook what keeps it from acknowledging the delivery, and when to retry.
    pub(crate) fn restore_in(&self, response: &mut Response<Bytes>, grpc: bool) {
        let row = self.kind.row();
        if grpc {
            if !is_grpc_failure(response.headers()) {
                response.headers_mut().insert(GRPC_STATUS.clone(), u16::from(row.grpc_status).into());
            }
            return;
        }
        if response.status() < StatusCode::BAD_REQUEST {
            *response.status_mut() = row.status;
        }
        if let Some(seconds) = row.retry_after {
            response.headers_mut().entry(header::RETRY_AFTER).or_insert(seconds.into());
        }
    }

    /// The answer to a gRPC request: trailers only, which clients need to read a status at all.
    pub(crate) fn to_grpc_response(&self) -> Response<Bytes> {
        let row = self.kind.row();
        grpc_response(row.grpc_status, row.text)
    }
}

/// Here and not beside the type: verifiers know nothing of rejections.
impl VerifyError {
    /// The kind of rejection that this becomes.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        match self.0 {
            Reason::Missing(_) | Reason::MissingHeader(_) => RejectionKind::MissingSignature,
            Reason::Malformed(_) => RejectionKind::MalformedSignature,
            Reason::Stale { .. } => RejectionKind::StaleTimestamp,
            Reason::Wrong(_) => RejectionKind::WrongSignature,
            Reason::Unavailable(_) => RejectionKind::VerifierUnavailable,
        }
    }
}

impl From<VerifyError> for Rejection {
    fn from(error: VerifyError) -> Self {
        Self { kind: error.kind(), cause: Some(Cause::Verify(error)) }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.row().text)
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

/// The answer to a delivery that needs no handler and must not come again.
pub(crate) fn settled_response(grpc: bool, outcome: OutcomeKind) -> Response<Bytes> {
    // A unary gRPC client cannot read an OK that has no message: it is told ALREADY_EXISTS.
    if grpc { grpc_response(6, outcome.as_str()) } else { Response::default() }
}

/// The answer to a delivery that was handled before.
pub(crate) fn duplicate_response(grpc: bool) -> Response<Bytes> {
    let mut response = settled_response(grpc, OutcomeKind::Duplicate);
    response.headers_mut().insert(DUPLICATE.clone(), HeaderValue::from_static("true"));
    response
}

/// Returns whether each value is a failure: of several, clients read the first or the last.
fn is_grpc_failure(headers: &HeaderMap) -> bool {
    let is_failure = |status: &HeaderValue| {
        let status = status.to_str().ok().and_then(|status| status.parse::<u32>().ok());
        status.is_some_and(|status| status != 0)
    };
    headers.contains_key(&GRPC_STATUS) && headers.get_all(&GRPC_STATUS).iter().all(is_failure)
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
