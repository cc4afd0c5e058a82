use std::{fmt, time::Duration};

use http::StatusCode;

/// The kind of a [`Rejection`](super::Rejection). See [Troubleshooting](crate::guide::troubleshooting) for
/// the causes of each kind and their solutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The signature, or a value it requires, is missing. 401.
    MissingSignature,
    /// The signature is malformed. 401.
    MalformedSignature,
    /// The signed timestamp is too old or too far ahead. 401.
    StaleTimestamp,
    /// The signature does not match. 401.
    WrongSignature,
    /// There is no endpoint for this request. 401, with the same text as a signature mismatch. An attacker
    /// can still find out which endpoints exist: an existing endpoint waits for the body, and reports a
    /// missing signature.
    UnknownEndpoint,
    /// The client disconnected, or the body failed, before the body was complete. 400.
    BodyInterrupted,
    /// The body did not arrive in time. 408.
    BodyTooSlow,
    /// The body is larger than the limit. 413.
    BodyTooLarge,
    /// The payload is not of the type that the layer or the extractor `Payload<T>` decodes, or the body's
    /// `content-encoding` cannot be decoded. 422.
    Undecodable,
    /// The same delivery is in progress, and may still fail. 503.
    InProgress,
    /// The [`ack_deadline`](crate::WebhookLayer::ack_deadline) passed before the handler finished, or before
    /// it was called. A handler that was called continues. 503.
    AckDeadline,
    /// The store failed, so the layer cannot tell whether the delivery was handled before. 503.
    StoreUnavailable,
    /// The lookup of the endpoint or the fetch of a key failed, the verifier could not be built, or the
    /// endpoint has no deduplication scope. 503.
    VerifierUnavailable,
    /// The buffer budget is exhausted. 503.
    OverBudget,
    /// The handler exceeded its time limit, and was dropped. 503.
    HandlerTimeout,
}

impl RejectionKind {
    #[cfg(any(feature = "metrics", test))]
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

    /// Returns the kind's name in snake_case, for logs and metrics. The name is stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Returns the status of the response, except for gRPC requests.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().status
    }

    /// Returns the `grpc-status` of the response, for requests with gRPC's content type.
    #[must_use]
    pub const fn grpc_status(self) -> u8 {
        self.row().grpc_status
    }

    /// Returns the value of the response's `Retry-After`, in whole seconds.
    #[must_use]
    pub fn retry_after(self) -> Option<Duration> {
        self.row().retry_after.map(Duration::from_secs)
    }

    pub(super) const fn row(self) -> Row {
        use StatusCode as Is;
        match self {
            Self::MissingSignature => {
                Row::new("missing_signature", "missing signature", Is::UNAUTHORIZED, 16)
            }
            Self::MalformedSignature => {
                Row::new("malformed_signature", "malformed signature", Is::UNAUTHORIZED, 16)
            }
            Self::StaleTimestamp => Row::new("stale_timestamp", "stale timestamp", Is::UNAUTHORIZED, 16),
            Self::WrongSignature => Row::new("wrong_signature", "wrong signature", Is::UNAUTHORIZED, 16),
            Self::UnknownEndpoint => Row::new("unknown_endpoint", "wrong signature", Is::UNAUTHORIZED, 16),
            Self::BodyInterrupted => Row::new("body_interrupted", "body interrupted", Is::BAD_REQUEST, 3),
            Self::BodyTooSlow => Row::new("body_too_slow", "body too slow", Is::REQUEST_TIMEOUT, 4),
            Self::BodyTooLarge => Row::new("body_too_large", "body too large", Is::PAYLOAD_TOO_LARGE, 8),
            Self::Undecodable => Row::new("undecodable", "undecodable payload", Is::UNPROCESSABLE_ENTITY, 3),
            Self::InProgress => Row::later("in_progress", "in progress", 5),
            Self::AckDeadline => Row::later("ack_deadline", "not finished yet", 5),
            Self::StoreUnavailable => Row::later("store_unavailable", "temporarily unavailable", 10),
            Self::VerifierUnavailable => Row::later("verifier_unavailable", "temporarily unavailable", 10),
            Self::OverBudget => Row::later("over_budget", "temporarily unavailable", 10),
            Self::HandlerTimeout => Row::later("handler_timeout", "temporarily unavailable", 10),
        }
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A kind's row in the table of responses.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) status: StatusCode,
    pub(super) grpc_status: u8,
    pub(super) retry_after: Option<u64>,
}

impl Row {
    const fn new(name: &'static str, text: &'static str, status: StatusCode, grpc_status: u8) -> Self {
        Self { name, text, status, grpc_status, retry_after: None }
    }

    /// Creates a row of a 503, so that the provider retries.
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

#[cfg(test)]
mod tests {
    use super::RejectionKind;

    #[test]
    fn the_guide_has_the_name_and_the_text_of_each_kind() {
        let chapter = include_str!("../guide/troubleshooting.md");
        for row in RejectionKind::ALL.iter().map(|kind| kind.row()) {
            for said in [row.name, row.text] {
                assert!(chapter.contains(&format!("`{said}`")), "{said}");
            }
        }
    }
}
