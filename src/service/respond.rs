//! The answers that the layer gives in the handler's stead.

use bytes::Bytes;
use http::Response;

use crate::{
    Rejection, ResponseBody,
    config::Config,
    observe::{OutcomeKind, Telemetry},
    rejection::duplicate_response,
};

/// An answer of the layer's own, which ends the request.
pub(crate) enum Answer {
    Handshake(Box<Response<Bytes>>),
    Duplicate,
    Rejected(Rejection),
    /// The handler was called, and has not answered in time.
    Overdue(Rejection),
}

impl Answer {
    fn kind(&self) -> OutcomeKind {
        match self {
            Self::Handshake(_) => OutcomeKind::Handshake,
            Self::Duplicate => OutcomeKind::Duplicate,
            Self::Rejected(_) => OutcomeKind::Rejected,
            Self::Overdue(_) => OutcomeKind::Accepted,
        }
    }

    fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) | Self::Overdue(rejection) => Some(rejection),
            Self::Handshake(_) | Self::Duplicate => None,
        }
    }

    pub(crate) fn into_response<R>(
        self,
        config: &Config,
        grpc: bool,
        telemetry: &Telemetry,
    ) -> Response<ResponseBody<R>> {
        telemetry.ended(self.kind(), self.rejection());
        let response = match self {
            Self::Handshake(response) => *response,
            Self::Duplicate => duplicate_response(grpc),
            Self::Rejected(rejection) | Self::Overdue(rejection) => config.respond_to(&rejection, grpc),
        };
        response.map(ResponseBody::layer)
    }
}

impl From<Rejection> for Answer {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
