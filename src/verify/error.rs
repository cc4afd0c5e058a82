use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use http::HeaderName;

use crate::BoxError;

/// Why a request was not believed.
///
/// The details are for the operator: they reach [`Rejection`](crate::Rejection)'s `source()`, never
/// the client. Do not put a secret or an expected signature in them.
#[derive(Clone, Debug)]
pub struct VerifyError(pub(crate) Reason);

#[derive(Clone, Debug)]
pub(crate) enum Reason {
    Missing(Cow<'static, str>),
    /// Beside the other so that what anybody can send is refused without a text being made of it.
    MissingHeader(HeaderName),
    Malformed(Cow<'static, str>),
    Stale {
        by: Duration,
        ahead: bool,
        tolerance: Duration,
    },
    Wrong(Cow<'static, str>),
    Unavailable(Arc<dyn Error + Send + Sync>),
}

impl VerifyError {
    /// Something that the scheme needs is not there: a signature, an id, a timestamp.
    pub fn missing(detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Reason::Missing(detail.into()))
    }

    /// A header that the scheme needs is not there.
    pub(crate) fn missing_header(name: &HeaderName) -> Self {
        Self(Reason::MissingHeader(name.clone()))
    }

    /// Something is there, and is not what the scheme says it looks like.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Reason::Malformed(detail.into()))
    }

    /// All is there and well-formed, and the signature is not the right one.
    pub fn wrong(detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Reason::Wrong(detail.into()))
    }

    /// It could not be found out, for instance because a key could not be fetched. The provider
    /// is asked to try again.
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self(Reason::Unavailable(source.into().into()))
    }

    /// The timestamp is out of tolerance. The layer says this, verifiers leave it to it.
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
            Reason::MissingHeader(name) => write!(f, "there is no {name} header"),
            Reason::Stale { by, ahead, tolerance } => write!(
                f,
                "the timestamp is {} s {}, and {} s are tolerated",
                by.as_secs(),
                if *ahead { "ahead" } else { "old" },
                tolerance.as_secs_f64(),
            ),
            Reason::Unavailable(_) => f.write_str("the signature could not be checked"),
        }
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Reason::Unavailable(source) => Some(&**source),
            _ => None,
        }
    }
}
