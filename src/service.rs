//! [`WebhookService`]: what becomes of a request, from top to bottom.

use std::{
    future::poll_fn,
    mem,
    panic::resume_unwind,
    sync::Arc,
    task::{Context, Poll},
    time::SystemTime,
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body::Body as HttpBody;
use tower_service::Service;

use crate::{
    Body, BoxError, Delivery, Rejection, RejectionKind, ResponseBody, ResponseFuture,
    config::Config,
    dedupe::{Admission, Ended, Held, run},
    future::Answering,
    outcome::{HandlerEnd, OutcomeKind, Record, Settlement},
    receive::{Incoming, Received},
    rejection::{duplicate_response, is_grpc},
    verify::{Verified, Verifier, VerifyError},
};

/// The service that [`WebhookLayer`](crate::WebhookLayer) puts before another.
///
/// Clones share the layer's settings, store and budget.
#[derive(Clone, Debug)]
pub struct WebhookService<S> {
    config: Arc<Config>,
    inner: S,
}

impl<S> WebhookService<S> {
    pub(crate) fn new(config: Arc<Config>, inner: S) -> Self {
        Self { config, inner }
    }

    /// The service behind the layer.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the layer. What is called on it is not verified.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service behind the layer.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Clone> WebhookService<S> {
    /// A clone to deliver to later, when it is its turn to be made ready.
    ///
    /// The instance that was made ready for this call is dropped: it may hold a slot of a
    /// concurrency limit, and who has not been verified must not hold one while its body trickles in.
    fn give_readiness_back(&mut self) -> S {
        let later = self.inner.clone();
        drop(mem::replace(&mut self.inner, later.clone()));
        later
    }
}

impl<S, B, R> Service<Request<B>> for WebhookService<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send,
    R: Send,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        if !self.config.concerns(&head) {
            let request = Request::from_parts(head, Body::streamed(body));
            return ResponseFuture::passed(self.inner.call(request));
        }
        let inner = self.give_readiness_back();
        let config = Arc::clone(&self.config);
        ResponseFuture::received(boxed(config, inner, head, body))
    }
}

/// [`answer`], in a box.
///
/// Generic over the service and not over its response's body: that body is `'static` because the
/// service is, and hosts whose body has a `dyn Error` in it could not prove it of a parameter.
fn boxed<S, B>(config: Arc<Config>, inner: S, head: Parts, body: B) -> Boxed<S>
where
    S: Service<Request<Body>, Error: Send, Future: Send> + Send + 'static,
    S::Response: Answered<Body: Send> + Send,
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    Box::pin(async move { answer(&config, inner, head, body).await })
}

type Boxed<S> = Answering<
    <<S as Service<Request<Body>>>::Response as Answered>::Body,
    <S as Service<Request<Body>>>::Error,
>;

/// A response, whatever its body.
trait Answered: Into<Response<Self::Body>> {
    type Body;
}

impl<R> Answered for Response<R> {
    type Body = R;
}

/// Delivers the request, or answers it in the handler's stead.
async fn answer<S, B, R>(
    config: &Config,
    inner: S,
    head: Parts,
    body: B,
) -> Result<Response<ResponseBody<R>>, S::Error>
where
    S: Service<Request<Body>>,
    S::Response: Answered<Body = R>,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let grpc = is_grpc(&head.headers);
    let mut record = Record::begin(config.on_outcome.as_ref());
    let response = match deliver(config, inner, head, body, &mut record).await {
        Ok(handled) => handled?.map(ResponseBody::service),
        Err(answer) => {
            record.ended(answer.kind(), answer.rejection());
            answer.into_response(config, grpc).map(ResponseBody::layer)
        }
    };
    record.answered(&response);
    Ok(response)
}

/// The pipeline.
async fn deliver<S, B, R>(
    config: &Config,
    mut inner: S,
    mut head: Parts,
    body: B,
    record: &mut Record,
) -> Result<Result<Response<R>, S::Error>, Answer>
where
    S: Service<Request<Body>>,
    S::Response: Answered<Body = R>,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let body = Incoming::new(body, &head, &config.discards);
    config.tell_verifier(&mut head);
    let verifier = config.choose_verifier(&head).await?;
    record.provider(&verifier.profile().provider);
    if let Some(response) = verifier.handshake(&head) {
        return Err(Answer::Handshake(response));
    }

    let (received, verified) = receive_verified(config, &*verifier, &head, body).await?;
    let mut delivery = Delivery::new(Arc::clone(&verifier), verified, received.payload.clone(), &head);
    record.delivery(&delivery);
    if let Some(response) = verifier.signed_handshake(&head, delivery.payload()) {
        return Err(Answer::Handshake(response));
    }
    config.decode(&delivery, &mut head.extensions)?;

    // Before claiming: a claim must not wait for its turn with its lease running.
    if let Err(error) = poll_fn(|cx| inner.poll_ready(cx)).await {
        return Ok(Err(error));
    }
    let held = match config.dedupe.admit(&head, &mut delivery, verifier.profile()).await? {
        Admission::Run(held) => held,
        Admission::Duplicate => return Err(Answer::Duplicate),
    };
    record.delivery(&delivery);

    head.extensions.insert(delivery);
    let Received { payload, trailers, charge } = received;
    let request = Request::from_parts(head, Body::replayed(payload, trailers));
    record.handler_called();
    // From here on the body is the handler's, and no longer counts as buffered.
    drop(charge);
    let ended =
        run(async move { inner.call(request).await.map(Into::into) }, held.as_ref(), config.handler_timeout)
            .await;
    conclude(config, held, ended, record).await
}

/// The body, verified: refused by its head if that will do, and hashed while it arrives.
async fn receive_verified<'c, B>(
    config: &'c Config,
    verifier: &dyn Verifier,
    head: &Parts,
    body: Incoming<B>,
) -> Result<(Received<'c>, Verified), Rejection>
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let now = config.clock.now();
    let profile = verifier.profile();
    let in_tolerance = |timestamp: Option<SystemTime>| -> Result<(), VerifyError> {
        timestamp.map_or(Ok(()), |signed| config.tolerance(profile).judge(signed, now))
    };

    let mut check = verifier.begin(head, now)?;
    let known = check.timestamp();
    in_tolerance(known)?;
    let received = body.receive(head, config.limits(profile), &mut *check).await?;
    let mut verified = check.finish(&received.payload).outcome().await?;
    if known.is_none() {
        in_tolerance(verified.timestamp)?;
    }
    verified.timestamp = known.or(verified.timestamp);
    Ok((received, verified))
}

/// Settles the claim by how the handler ended, and only then answers: which comes first decides
/// between a lost delivery and a duplicate.
async fn conclude<R, E>(
    config: &Config,
    held: Option<Held>,
    ended: Ended<Result<Response<R>, E>>,
    record: &mut Record,
) -> Result<Result<Response<R>, E>, Answer> {
    match ended {
        Ended::Answered(Ok(response)) => {
            let (success, response) = config.judge(response);
            settle(held, if success { HandlerEnd::Completed } else { HandlerEnd::Failed }, record).await;
            Ok(Ok(response))
        }
        Ended::Answered(Err(error)) => {
            settle(held, HandlerEnd::Failed, record).await;
            Ok(Err(error))
        }
        Ended::TimedOut => {
            settle(held, HandlerEnd::TimedOut, record).await;
            Err(Rejection::new(RejectionKind::HandlerTimeout).into())
        }
        Ended::Panicked(panic) => {
            settle(held, HandlerEnd::Panicked, record).await;
            resume_unwind(panic)
        }
    }
}

/// Completes the claim if the handler succeeded; releases it otherwise, so that the provider's
/// next attempt runs.
async fn settle(held: Option<Held>, end: HandlerEnd, record: &mut Record) {
    record.handler_ended(end);
    if let Some(held) = held {
        let intent = match end {
            HandlerEnd::Completed => Settlement::Completed,
            _ => Settlement::Released,
        };
        record.settled(held.settle(intent).await);
    }
}

/// An answer of the layer's own, which ends the request.
enum Answer {
    Handshake(Response<Bytes>),
    Duplicate,
    Rejected(Rejection),
}

impl Answer {
    fn kind(&self) -> OutcomeKind {
        match self {
            Self::Handshake(_) => OutcomeKind::Handshake,
            Self::Duplicate => OutcomeKind::Duplicate,
            Self::Rejected(_) => OutcomeKind::Rejected,
        }
    }

    fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            Self::Handshake(_) | Self::Duplicate => None,
        }
    }

    fn into_response(self, config: &Config, grpc: bool) -> Response<Bytes> {
        match self {
            Self::Handshake(response) => response,
            Self::Duplicate => duplicate_response(grpc),
            Self::Rejected(rejection) => config.respond_to(&rejection, grpc),
        }
    }
}

impl From<Rejection> for Answer {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
