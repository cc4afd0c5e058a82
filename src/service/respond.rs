//! Responses that the layer creates itself.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use http::{Response, header::CONTENT_TYPE, request::Parts};
use http_body::Body as HttpBody;

use super::{ResponseBody, receive::Incoming};
use crate::{
    BoxError, Delivery, EventTypes, Rejection, RejectionKind,
    config::Config,
    dedupe::{ClaimGuard, ClaimOutcome},
    observe::{Acknowledged, Ignored, OutcomeKind, Telemetry},
    rejection::{duplicate_response, settled_response, uncommitted_response},
    task::{Elapsed, RunEnd},
    verify::{Profile, VerifyError},
};

/// The reason a request ends before its handler is called.
pub(super) enum EarlyResponse<E> {
    Handshake(Box<Response<Bytes>>),
    Duplicate,
    /// The event type is not listed in `only_events`.
    Ignored,
    /// Decoding failed, and the policy is to acknowledge.
    Acknowledged,
    Rejected(Rejection),
    /// The service failed in `poll_ready`; its error is returned.
    ServiceFailed(E),
}

impl<E> EarlyResponse<E> {
    /// Ends the request if it is a handshake.
    #[inline]
    pub(super) fn handshake(response: Option<Response<Bytes>>) -> Result<(), Self> {
        response.map_or(Ok(()), |response| Err(Self::Handshake(Box::new(response))))
    }

    /// Ends the request if its event type is known but not listed.
    #[inline]
    pub(super) fn unlisted(listed: Option<&EventTypes>, delivery: &Delivery) -> Result<(), Self> {
        // An event type in the body is only looked up if there is a list.
        let event_type = listed.and_then(|listed| Some((listed, delivery.single_event_type()?)));
        match event_type {
            Some((listed, event_type)) if !listed.contains(event_type) => Err(Self::Ignored),
            _ => Ok(()),
        }
    }

    /// Ends the request if it is a duplicate; otherwise returns the claim under which it runs.
    #[inline]
    pub(super) fn duplicate(outcome: ClaimOutcome) -> Result<Option<ClaimGuard>, Self> {
        match outcome {
            ClaimOutcome::Run(claim) => Ok(claim),
            ClaimOutcome::Duplicate => Err(Self::Duplicate),
        }
    }
}

impl<E> From<Rejection> for EarlyResponse<E> {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl<E> From<VerifyError> for EarlyResponse<E> {
    fn from(error: VerifyError) -> Self {
        match error.handshake_response() {
            Some(response) => Self::Handshake(Box::new(response.clone())),
            None => Self::Rejected(error.into()),
        }
    }
}

/// The factory of the responses that do not come from the handler. It also records them.
pub(super) struct Responder {
    pub(super) config: Arc<Config>,
    pub(super) telemetry: Telemetry,
    grpc: bool,
    /// `true` once the provider is known to require rejections without a body.
    empty_rejections: AtomicBool,
}

impl Clone for Responder {
    fn clone(&self) -> Self {
        Self {
            config: Arc::clone(&self.config),
            telemetry: self.telemetry.clone(),
            grpc: self.grpc,
            empty_rejections: self.empty_rejections.load(Ordering::Relaxed).into(),
        }
    }
}

impl Responder {
    #[inline]
    pub(super) fn new(config: &Arc<Config>, grpc: bool) -> Self {
        Self {
            config: Arc::clone(config),
            telemetry: Telemetry::begin(&config.observer),
            grpc,
            empty_rejections: AtomicBool::new(false),
        }
    }

    /// Records the provider of the request.
    pub(super) fn found(&self, profile: &Profile) {
        self.telemetry.provider(profile.provider());
        if profile.empty_rejections() {
            self.empty_rejections.store(true, Ordering::Relaxed);
        }
    }

    /// Responds before the handler is called, and discards the rest of the body.
    pub(super) fn respond_early<R, E, B>(
        &self,
        early: EarlyResponse<E>,
        head: &Parts,
        body: Incoming<B>,
    ) -> Result<Response<ResponseBody<R>>, E>
    where
        B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        body.discard(head, &self.config.discards);
        Ok(match early {
            EarlyResponse::Handshake(response) => {
                self.telemetry.ended(OutcomeKind::Handshake, None);
                response.map(ResponseBody::layer)
            }
            EarlyResponse::Duplicate => {
                self.telemetry.ended(OutcomeKind::Duplicate, None);
                duplicate_response(self.grpc).map(ResponseBody::layer)
            }
            EarlyResponse::Ignored => {
                self.telemetry.ended(OutcomeKind::Ignored, None);
                ignored_response(self.grpc).map(ResponseBody::layer)
            }
            EarlyResponse::Acknowledged => {
                self.telemetry.ended(OutcomeKind::Acknowledged, None);
                let mut response = settled_response(self.grpc, OutcomeKind::Acknowledged.as_str());
                response.extensions_mut().insert(Acknowledged);
                response.map(ResponseBody::layer)
            }
            EarlyResponse::Rejected(rejection) => self.reject(OutcomeKind::Rejected, &rejection),
            EarlyResponse::ServiceFailed(error) => return Err(error),
        })
    }

    /// Responds once the handler has ended or timed out. A handler that could not decode the payload leaves
    /// the response to the layer.
    pub(super) fn respond<T, E>(
        &self,
        end: RunEnd<Result<T, E>>,
    ) -> Result<Response<ResponseBody<T::Body>>, E>
    where
        T: ServiceResponse,
    {
        match end {
            RunEnd::Returned(response) => {
                response.map(|mut response| match Rejection::take_unanswered(response.get_mut()) {
                    Some(rejection) => self.reject(OutcomeKind::Accepted, &rejection),
                    None => response.into().map(ResponseBody::service),
                })
            }
            RunEnd::Panicked(panic) => resume_unwind(panic),
            RunEnd::TimedOut(elapsed) => {
                Ok(self.overdue(&Rejection::new(RejectionKind::HandlerTimeout).because(elapsed)))
            }
        }
    }

    /// Responds to a request whose handler succeeded, but did not commit its transaction.
    pub(super) fn uncommitted<R>(&self) -> Response<ResponseBody<R>> {
        uncommitted_response(self.grpc).map(ResponseBody::layer)
    }

    /// Responds to a request whose handler did not finish in time.
    pub(super) fn overdue<R>(&self, rejection: &Rejection) -> Response<ResponseBody<R>> {
        self.reject(OutcomeKind::Accepted, rejection)
    }

    fn reject<R>(&self, kind: OutcomeKind, rejection: &Rejection) -> Response<ResponseBody<R>> {
        self.telemetry.ended(kind, Some(rejection));
        let mut response = match self.grpc {
            true => rejection.to_grpc_response(),
            false if self.config.problem_json => rejection.to_problem_json(),
            false => rejection.to_response(),
        };
        if !self.grpc && self.empty_rejections.load(Ordering::Relaxed) {
            response.headers_mut().remove(CONTENT_TYPE);
            *response.body_mut() = Bytes::new();
        }
        if let Some(on_rejection) = &self.config.on_rejection {
            response = on_rejection(rejection, response);
            rejection.restore_in(&mut response, self.grpc);
        }
        response.extensions_mut().insert(rejection.clone());
        response.map(ResponseBody::layer)
    }
}

/// Returns the response to an event that is ignored.
pub(super) fn ignored_response(grpc: bool) -> Response<Bytes> {
    let mut response = settled_response(grpc, OutcomeKind::Ignored.as_str());
    // Tells an outer layer not to complete its claim.
    response.extensions_mut().insert(Ignored);
    response
}

/// Ends a request that missed the deadline before its handler was called.
pub(super) fn too_late<T, E>(elapsed: Elapsed) -> Result<T, EarlyResponse<E>> {
    Err(EarlyResponse::Rejected(ack_deadline(elapsed)))
}

/// Creates the rejection for a missed deadline.
pub(super) fn ack_deadline(elapsed: Elapsed) -> Rejection {
    Rejection::new(RejectionKind::AckDeadline).because(elapsed)
}

/// A service's response with any body.
pub(super) trait ServiceResponse: Into<Response<Self::Body>> {
    type Body;

    fn get_mut(&mut self) -> &mut Response<Self::Body>;
}

impl<R> ServiceResponse for Response<R> {
    type Body = R;

    fn get_mut(&mut self) -> &mut Self {
        self
    }
}
