//! [`WebhookService`]: what becomes of a request, from top to bottom.

mod body;
mod future;
mod receive;
mod respond;
#[cfg(feature = "tonic")]
mod tonic;

use std::{
    future::poll_fn,
    mem,
    panic::resume_unwind,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request, Response, header::CONTENT_LENGTH, request::Parts};
use http_body::Body as HttpBody;
use tokio::{runtime::Handle, time::Instant};
use tower_service::Service;

pub(crate) use self::receive::Limits;
pub use self::{
    body::{Body, ResponseBody},
    future::ResponseFuture,
};
use self::{
    future::Answering,
    receive::{Incoming, Received},
    respond::Answer,
};
use crate::{
    BoxError, Delivery, Rejection, RejectionKind,
    config::Config,
    dedupe::{ClaimGuard, ClaimOutcome},
    observe::{HandlerEnd, Settlement, Telemetry},
    rejection::is_grpc,
    task::{CatchUnwind, Elapsed, RunEnd, catch_unwind, run, timeout},
    verify::{Verified, Verifier, wait},
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
        let deadline = self.config.deadline();
        let inner = self.give_readiness_back();
        let body = Incoming::Untouched(body);
        let telemetry = Telemetry::begin(&self.config.observer);
        let answering = boxed(Arc::clone(&self.config), inner, head, body, deadline, telemetry.clone());
        ResponseFuture::received(answering, telemetry)
    }
}

/// [`answer`], in a box.
///
/// Generic over the service and not over its response's body: that body is `'static` because the
/// service is, and hosts whose body has a `dyn Error` in it could not prove it of a parameter.
fn boxed<S, B>(
    config: Arc<Config>,
    inner: S,
    head: Parts,
    body: Incoming<B>,
    deadline: Option<Instant>,
    telemetry: Telemetry,
) -> Boxed<S>
where
    S: Service<Request<Body>, Error: Send, Future: Send> + Send + 'static,
    S::Response: Answered<Body: Send> + Send,
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    Box::pin(answer(config, inner, head, body, deadline, telemetry))
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
///
/// This and the next two are no `async fn`s: those keep each argument twice, once as it came and
/// once as a variable, and a head is some 200 bytes. All of it is in the one box.
#[allow(clippy::manual_async_fn, reason = "an async fn keeps its arguments twice")]
fn answer<S, B, R>(
    config: Arc<Config>,
    mut inner: S,
    mut head: Parts,
    mut body: Incoming<B>,
    deadline: Option<Instant>,
    telemetry: Telemetry,
) -> impl Future<Output = Result<Response<ResponseBody<R>>, S::Error>>
where
    S: Service<Request<Body>, Error: Send, Future: Send> + 'static,
    S::Response: Answered<Body = R> + Send,
    R: Send + 'static,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    async move {
        let grpc = is_grpc(&head.headers);
        let admitted =
            timeout(left_until(deadline), admit(&config, &mut inner, &mut head, &mut body, &telemetry)).await;
        // Not one `match` around all that follows, which would keep what it looks at.
        let (admitted, guard) = match admitted.unwrap_or_else(|elapsed| Err(too_late(elapsed).into())) {
            Ok(admitted) => admitted?,
            Err(answer) => {
                body.discard(&head, &config.discards);
                let response = answer.into_response(&config, grpc, &telemetry);
                telemetry.answered(&response);
                return Ok(response);
            }
        };
        telemetry.handler_called();
        // Under the claim of a layer above, the handler must not outlive that layer's request.
        let detached = config.detached && !Delivery::is_held_above(&head);
        // Called here, and waited for here: whatever is given a request, or a handler, keeps room for
        // it when it has passed it on.
        let handler = catch_unwind(|| inner.call(Request::from_parts(head, admitted)));
        let response = if detached {
            // In a box: it is not to take up room in that of each request.
            Box::pin(handle_detached(config, handler, guard, grpc, &telemetry, deadline)).await
        } else {
            let ended =
                run(handler, guard.as_ref().map(|guard| || guard.keep_alive()), config.handler_timeout).await;
            conclude(&config, ended, guard, grpc, &telemetry).await
        }?;
        telemetry.answered(&response);
        Ok(response)
    }
}

/// The body for the handler, and the claim that it runs under.
type Admitted = (Body, Option<ClaimGuard>);

/// The pipeline up to the handler: what is admitted is true, decoded and claimed.
#[allow(clippy::manual_async_fn, reason = "an async fn keeps its arguments twice")]
fn admit<S, B>(
    config: &Config,
    inner: &mut S,
    head: &mut Parts,
    body: &mut Incoming<B>,
    telemetry: &Telemetry,
) -> impl Future<Output = Result<Result<Admitted, S::Error>, Answer>>
where
    S: Service<Request<Body>>,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    async move {
        config.tell_verifier(head);
        let verifier = config.choose_verifier(head).await?;
        telemetry.provider(&verifier.profile().provider);
        if let Some(response) = verifier.handshake(head) {
            return Err(Answer::Handshake(Box::new(response)));
        }

        let (received, verified) = receive_verified(config, &*verifier, head, body).await?;
        let mut delivery = Delivery::new(
            verifier,
            verified,
            received.body.clone(),
            head,
            config.dedupe.claims(),
            config.handler_timeout,
        );
        state_length(&mut head.headers, &delivery);
        telemetry.delivery(&delivery);
        if let Some(response) = delivery.verifier().signed_handshake(head, delivery.payload()) {
            return Err(Answer::Handshake(Box::new(response)));
        }
        config.decode(&delivery, &mut head.extensions)?;

        // Before claiming: a claim must not wait for its turn with its lease running.
        if let Err(error) = poll_fn(|cx| inner.poll_ready(cx)).await {
            return Ok(Err(error));
        }
        let admission = config.dedupe.admit(head, &mut delivery, telemetry).await;
        // Now that it has its key, also for what is told of duplicates.
        telemetry.delivery(&delivery);
        let guard = match admission? {
            ClaimOutcome::Run(guard) => guard,
            ClaimOutcome::Duplicate => return Err(Answer::Duplicate),
        };
        // From here on the body is the handler's, and no longer counts as buffered.
        let Received { body, trailers, charge } = received;
        drop(charge);
        let payload = delivery.payload_of(body);
        head.extensions.insert(delivery);
        let trailers = trailers.filter(|_| config.forward_trailers);
        Ok(Ok((Body::replayed(payload, trailers), guard)))
    }
}

/// Corrects `content-length` where the payload is not the body as it arrived.
fn state_length(headers: &mut HeaderMap, delivery: &Delivery) {
    let length = delivery.payload().len();
    if length != delivery.raw().len() && headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
}

/// The body, verified: refused by its head if that will do, and hashed while it arrives.
async fn receive_verified<'c, B>(
    config: &'c Config,
    verifier: &dyn Verifier,
    head: &Parts,
    body: &mut Incoming<B>,
) -> Result<(Received<'c>, Verified), Rejection>
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let now = config.clock.now();
    let profile = verifier.profile();

    let mut check = verifier.begin(head, now)?;
    let known = check.timestamp();
    config.judge_timestamp(profile, known, now)?;
    let limits = config.limits(profile);
    body.refuse_by_announced_length(head, limits.bytes)?;
    let received = body
        .receive(&limits, &mut *check)
        .await
        .unwrap_or_else(|elapsed| Err(Rejection::new(RejectionKind::BodyTooSlow).because(elapsed)))?;
    let mut verified = match check.finish(&received.body).outcome() {
        Ok(outcome) => outcome?,
        Err(later) => wait(later).await?,
    };
    if known.is_none() {
        config.judge_timestamp(profile, verified.timestamp, now)?;
    }
    verified.timestamp = known.or(verified.timestamp);
    Ok((received, verified))
}

/// Settles the claim by how the handler ended, and only then answers: which comes first decides
/// between a lost delivery and a duplicate.
#[allow(clippy::manual_async_fn, reason = "an async fn keeps its arguments twice")]
fn conclude<T, R, E>(
    config: &Config,
    ended: RunEnd<Result<T, E>>,
    mut guard: Option<ClaimGuard>,
    grpc: bool,
    telemetry: &Telemetry,
) -> impl Future<Output = Result<Response<ResponseBody<R>>, E>>
where
    T: Answered<Body = R>,
{
    async move {
        match ended {
            RunEnd::Returned(Ok(response)) => {
                let (success, response) = config.judge(response.into());
                let end = if success { HandlerEnd::Completed } else { HandlerEnd::Failed };
                settle(guard.as_mut(), end, telemetry).await;
                Ok(response.map(ResponseBody::service))
            }
            RunEnd::Returned(Err(error)) => {
                settle(guard.as_mut(), HandlerEnd::Failed, telemetry).await;
                Err(error)
            }
            RunEnd::Panicked(panic) => {
                settle(guard.as_mut(), HandlerEnd::Panicked, telemetry).await;
                resume_unwind(panic)
            }
            RunEnd::TimedOut(elapsed) => {
                settle(guard.as_mut(), HandlerEnd::TimedOut, telemetry).await;
                let rejection = Rejection::new(RejectionKind::HandlerTimeout).because(elapsed);
                Ok(Answer::Overdue(rejection).into_response(config, grpc, telemetry))
            }
        }
    }
}

/// Waits for the handler in a task of its own, which goes on whatever becomes of the request. Its answer is waited
/// for until the deadline.
async fn handle_detached<F, T, R, E>(
    config: Arc<Config>,
    handler: CatchUnwind<F>,
    guard: Option<ClaimGuard>,
    grpc: bool,
    telemetry: &Telemetry,
    deadline: Option<Instant>,
) -> Result<Response<ResponseBody<R>>, E>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Answered<Body = R> + Send + 'static,
    R: Send + 'static,
    E: Send + 'static,
{
    // Who has no claim is not known again: the next attempt would run beside this one, and after it.
    let deadline = deadline.filter(|_| guard.is_some());
    let handling = {
        let (config, telemetry) = (Arc::clone(&config), telemetry.clone());
        async move {
            let ended =
                run(handler, guard.as_ref().map(|guard| || guard.keep_alive()), config.handler_timeout).await;
            conclude(&config, ended, guard, grpc, &telemetry).await
        }
    };
    // Without a runtime there is nobody to give it to.
    let Ok(runtime) = Handle::try_current() else { return handling.await };
    let task = config.dedupe.background.tasks().spawn(&runtime, handling);
    let rejection = match timeout(left_until(deadline), task).await {
        Ok(Ok(response)) => return response,
        Ok(Err(ended)) => match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is going, and its tasks are dropped.
            Err(cancelled) => Rejection::new(RejectionKind::HandlerTimeout).because(cancelled),
        },
        Err(elapsed) => too_late(elapsed),
    };
    Ok(Answer::Overdue(rejection).into_response(&config, grpc, telemetry))
}

/// The rejection at the deadline.
fn too_late(elapsed: Elapsed) -> Rejection {
    Rejection::new(RejectionKind::AckDeadline).because(elapsed)
}

fn left_until(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Completes the claim if the handler succeeded; releases it otherwise, so that the provider's
/// next attempt runs.
async fn settle(guard: Option<&mut ClaimGuard>, end: HandlerEnd, telemetry: &Telemetry) {
    telemetry.handler_ended(end);
    if let Some(guard) = guard {
        let intent = match end {
            HandlerEnd::Completed => Settlement::Completed,
            _ => Settlement::Released,
        };
        telemetry.settled(guard.settle(intent).await);
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::ready};

    use tower::{service_fn, util::BoxCloneSyncService};

    use super::*;
    use crate::{config::VerifierSource, provider};

    /// glibc takes larger blocks from no cache of the thread's: it costs a delivery some 80 ns.
    const LARGEST: usize = 1_032;

    #[test]
    fn the_future_of_each_request_is_small() -> Result<(), BoxError> {
        let verifier = Arc::new(provider::try_github("a secret".parse::<crate::Secret>()?)?);
        let config = Arc::new(Config::new(VerifierSource::Fixed(verifier)));
        // As large as an axum router is.
        let inner = BoxCloneSyncService::new(service_fn(|_: Request<Body>| {
            ready(Ok::<_, Infallible>(Response::new(axum::body::Body::empty())))
        }));
        let body = Incoming::Untouched(axum::body::Body::empty());
        let head = Request::new(()).into_parts().0;
        let size = size_of_val(&answer(config, inner, head, body, None, Telemetry::NONE));
        assert!(size <= LARGEST, "{size} bytes");
        Ok(())
    }
}
