use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, Response};

use super::ContentError;
use crate::BoxError;

/// The reason a request failed verification.
///
/// The details are for the operator: they are the `source()` of a [`Rejection`](crate::Rejection) and never
/// reach the client. Do not put a secret or an expected signature in them.
#[derive(Clone, Debug)]
pub struct VerifyError(pub(crate) Reason);

#[derive(Clone, Debug)]
pub(crate) enum Reason {
    Missing(Cow<'static, str>),
    /// A variant of its own, so that an unsigned request is rejected without formatting a message.
    MissingHeader(HeaderName),
    Malformed(Cow<'static, str>),
    Stale {
        by: Duration,
        ahead: bool,
        tolerance: Duration,
    },
    Wrong(Cow<'static, str>),
    /// A MAC of another algorithm: the lengths in bytes. A variant of its own, so that such a request is
    /// rejected without formatting a message.
    WrongLength {
        found: usize,
        expected: usize,
    },
    /// An unsigned verification handshake: the response, and the error for hosts that do not answer
    /// handshakes.
    Handshake(Arc<Response<Bytes>>, Box<VerifyError>),
    /// The body has a content coding that cannot be decoded.
    Content(Arc<ContentError>),
    Unavailable(Arc<dyn Error + Send + Sync>),
}

impl VerifyError {
    /// Creates an error for a missing signature, id, timestamp or other required value.
    pub fn missing(detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Reason::Missing(detail.into()))
    }

    /// Creates an error for a missing header.
    pub(crate) fn missing_header(name: &HeaderName) -> Self {
        Self(Reason::MissingHeader(name.clone()))
    }

    /// Creates an error for a value that is present but has the wrong format.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Reason::Malformed(detail.into()))
    }

    /// Creates an error for a well-formed signature that does not match.
    pub fn wrong(detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Reason::Wrong(detail.into()))
    }

    /// Creates an error for a decoded signature of the wrong length. The lengths are in bytes.
    pub(crate) fn wrong_length(found: usize, expected: usize) -> Self {
        Self(Reason::WrongLength { found, expected })
    }

    /// Creates an error for a request that could not be verified, for instance because fetching a key failed.
    /// The layer rejects the request with 503, so that the provider retries.
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self(Reason::Unavailable(source.into().into()))
    }

    /// Creates an error for an unsigned request that is a verification handshake. `response` answers the
    /// handshake; `error` is the reason for rejecting it, in hosts that do not answer handshakes.
    pub(crate) fn handshake(response: Response<Bytes>, error: Self) -> Self {
        Self(Reason::Handshake(Arc::new(response), Box::new(error)))
    }

    /// Returns the response to a verification handshake that is not signed and has a body, such as
    /// WooCommerce's ping. The layer sends this response. Hosts that [verify without the
    /// layer](super::verify_request) should send it instead of rejecting the request.
    #[must_use]
    pub fn handshake_response(&self) -> Option<&Response<Bytes>> {
        match &self.0 {
            Reason::Handshake(response, _) => Some(response),
            _ => None,
        }
    }

    /// Creates an error for a body that cannot be decoded.
    pub(crate) fn content(error: ContentError) -> Self {
        Self(Reason::Content(error.into()))
    }

    /// Creates an error for a timestamp out of tolerance, or a token outside its validity. For timestamps,
    /// only `Tolerance::judge` calls this function: verifiers return a signed timestamp without checking it.
    pub(crate) fn stale(by: Duration, ahead: bool, tolerance: Duration) -> Self {
        Self(Reason::Stale { by, ahead, tolerance })
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Missing(detail) | Reason::Malformed(detail) | Reason::Wrong(detail) => {
                f.write_str(detail)
            }
            Reason::MissingHeader(name) => write!(f, "`{name}` header is missing"),
            Reason::WrongLength { found, expected } => {
                write!(f, "signature has {found} bytes instead of {expected}")
            }
            Reason::Stale { by, ahead, tolerance } => write!(
                f,
                "timestamp is {} s {}, which exceeds the tolerance of {} s",
                by.as_secs(),
                if *ahead { "ahead" } else { "old" },
                tolerance.as_secs_f64(),
            ),
            Reason::Handshake(_, error) => error.fmt(f),
            Reason::Content(error) => error.fmt(f),
            Reason::Unavailable(_) => f.write_str("verification could not be completed"),
        }
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Reason::Handshake(_, error) => error.source(),
            Reason::Content(error) => error.source(),
            Reason::Unavailable(source) => Some(&**source),
            _ => None,
        }
    }
}
