//! Rejected requests: [`Rejection`] and [`RejectionKind`].
//!
//! Clients only see a short fixed message. The rejection's [`source()`](std::error::Error::source) has the
//! details. Middleware above the layer finds the rejection in the response's extensions.
//!
//! ```
//! use bytes::Bytes;
//! use http::Response;
//! use tower_webhook::{Rejection, Secret, WebhookLayer};
//!
//! let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let layer = WebhookLayer::new(secret).on_rejection(|rejection: &Rejection, response: Response<Bytes>| {
//!     // Shows the fixed text. The kind would tell clients more.
//!     response.map(|_| Bytes::from(format!("rejected: {rejection}")))
//! });
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```

mod kind;
mod missing_scope;

use std::{error::Error, fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

pub use self::kind::RejectionKind;
use self::kind::Row;
pub(crate) use self::missing_scope::MissingScope;
use crate::{
    BoxError,
    verify::{ContentError, Reason, VerifyError},
};

/// The header of a 200 response to a delivery that was handled before.
pub(crate) static DUPLICATE: HeaderName = HeaderName::from_static("x-webhook-duplicate");
pub(crate) static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

// Constants, because `from_static` checks every byte.
const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A rejected request, with the reason.
///
/// The layer inserts it into the extensions of its response.
#[derive(Clone, Debug)]
pub struct Rejection {
    kind: RejectionKind,
    cause: Option<Cause>,
}

#[derive(Clone, Debug)]
enum Cause {
    // A variant of its own, so that rejecting a request by its head allocates nothing.
    Verify(VerifyError),
    Other(Arc<dyn Error + Send + Sync>),
}

/// A marker in a handler's response: the nearest layer answers with the response's [`Rejection`].
///
/// A layer's own response contains the rejection without this marker, so that outer layers do not replace it.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "axum"), allow(dead_code, reason = "only the extractors insert it"))]
pub(crate) struct Unanswered;

impl Rejection {
    pub(crate) fn new(kind: RejectionKind) -> Self {
        Self { kind, cause: None }
    }

    pub(crate) fn because(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(Cause::Other(cause.into().into()));
        self
    }

    /// Takes the rejection from a handler's response, if the layer must respond in its place. Returns `None`
    /// if middleware has changed the status, for example to 500 for a provider that does not retry after a
    /// 422.
    pub(crate) fn take_unanswered<B>(response: &mut Response<B>) -> Option<Self> {
        response.extensions_mut().remove::<Unanswered>()?;
        let rejection = response.extensions().get::<Self>()?;
        (response.status() == rejection.status()).then(|| rejection.clone())
    }

    /// Returns the kind of the rejection.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// Returns the status of the response. A response to a gRPC request has a `grpc-status` instead.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// Returns the layer's default response, in plain text.
    #[must_use]
    pub fn to_response(&self) -> Response<Bytes> {
        self.response_of(PLAIN_TEXT, Bytes::from_static(self.kind.row().text.as_bytes()))
    }

    /// Returns the response as problem details (RFC 9457), with the same information as the plain text.
    pub(crate) fn to_problem_json(&self) -> Response<Bytes> {
        let Row { text, status, .. } = self.kind.row();
        // The texts are fixed and need no escapes.
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

    /// Restores a failure status and the `Retry-After` in the response that `on_rejection` returned, so that
    /// `on_rejection` cannot acknowledge the delivery.
    pub(crate) fn restore_in(&self, response: &mut Response<Bytes>, grpc: bool) {
        let row = self.kind.row();
        if grpc {
            // With any other status, clients ignore the `grpc-status`.
            *response.status_mut() = StatusCode::OK;
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

    /// Returns the response to a gRPC request: trailers-only, the form in which clients read a status.
    pub(crate) fn to_grpc_response(&self) -> Response<Bytes> {
        let row = self.kind.row();
        grpc_response(row.grpc_status, row.text)
    }
}

// Implemented here, because verifiers do not depend on rejections.
impl VerifyError {
    /// Returns the kind of rejection for this error.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        match &self.0 {
            Reason::Missing(_) | Reason::MissingHeader(_) => RejectionKind::MissingSignature,
            Reason::Malformed(_) => RejectionKind::MalformedSignature,
            Reason::Stale { .. } => RejectionKind::StaleTimestamp,
            Reason::Wrong(_) | Reason::WrongLength { .. } => RejectionKind::WrongSignature,
            Reason::Handshake(_, error) => error.kind(),
            Reason::Content(error) => match **error {
                ContentError::TooLarge => RejectionKind::BodyTooLarge,
                ContentError::OverBudget => RejectionKind::OverBudget,
                ContentError::Unsupported | ContentError::Malformed(_) => RejectionKind::Undecodable,
            },
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

/// Returns the response to a delivery that needs no handler and must not be retried.
pub(crate) fn settled_response(grpc: bool, outcome: &'static str) -> Response<Bytes> {
    // A unary gRPC client cannot read an OK without a message, so use ALREADY_EXISTS.
    if grpc { grpc_response(6, outcome) } else { Response::default() }
}

/// Returns the response to a delivery that was handled before.
pub(crate) fn duplicate_response(grpc: bool) -> Response<Bytes> {
    let mut response = settled_response(grpc, "duplicate");
    response.headers_mut().insert(DUPLICATE.clone(), HeaderValue::from_static("true"));
    response
}

/// Returns the response to a delivery whose handler succeeded, but whose transaction is not known to be committed.
pub(crate) fn uncommitted_response(grpc: bool) -> Response<Bytes> {
    const TEXT: &str = "commit of the transaction is not confirmed";
    if grpc {
        // UNAVAILABLE, which clients retry.
        return grpc_response(14, TEXT);
    }
    let mut response = Response::new(Bytes::from_static(TEXT.as_bytes()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Returns whether every value of `grpc-status` is a failure. Clients differ in which of several values they
/// read.
fn is_grpc_failure(headers: &HeaderMap) -> bool {
    let is_failure = |status: &HeaderValue| {
        let status = status.to_str().ok().and_then(|status| status.parse::<u32>().ok());
        status.is_some_and(|status| status != 0)
    };
    headers.contains_key(&GRPC_STATUS) && headers.get_all(&GRPC_STATUS).iter().all(is_failure)
}

/// Returns whether a request expects a gRPC response.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(is_grpc_type)
}

/// Returns whether a request with this `content-type` expects a gRPC response.
pub(crate) fn is_grpc_type(content_type: &HeaderValue) -> bool {
    content_type.as_bytes().starts_with(b"application/grpc")
}

fn grpc_response(status: u8, message: &'static str) -> Response<Bytes> {
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS.clone(), u16::from(status).into());
    headers.insert(GRPC_MESSAGE.clone(), HeaderValue::from_static(message));
    response
}
