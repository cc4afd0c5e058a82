//! [`WebhookService`] and its request pipeline.

mod body;
mod future;
mod handler;
mod receive;
mod respond;
mod router;
#[cfg(feature = "tonic")]
mod tonic;
mod verifier;

use std::{
    future::poll_fn,
    mem,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    Extensions, HeaderValue, Request, Response,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};
use http_body::Body as HttpBody;
use tokio::time::Instant;
use tower_service::Service;

pub use self::{
    body::{Body, ResponseBody},
    future::ResponseFuture,
    router::{EventRouter, EventService},
};
use self::{
    future::BoxedResponse,
    handler::{handle, handle_detached},
    receive::{BodyHeaders, Content, Incoming, receive},
    respond::{EarlyResponse, Responder, ServiceResponse, too_late},
    verifier::{find_endpoint, judge_timestamp, signed_handshake, verify_head},
};
use crate::{
    BoxError, Delivery, Rejection, RejectionKind, Undecodable,
    config::Config,
    observe::acknowledged,
    task::{call, left_until, rarely, timeout},
    verify::{Finishing, verified, wait},
};

/// The service that [`WebhookLayer`](crate::WebhookLayer) wraps around another.
///
/// Clones share the layer's settings, store and buffer budget.
#[derive(Clone, Debug)]
pub struct WebhookService<S> {
    config: Arc<Config>,
    inner: S,
}

impl<S> WebhookService<S> {
    pub(crate) fn new(config: Arc<Config>, inner: S) -> Self {
        Self { config, inner }
    }

    /// Returns a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns a mutable reference to the inner service. Requests sent to it directly are not verified.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Clone> WebhookService<S> {
    /// Returns a clone for the delivery, to be made ready once the delivery is verified.
    ///
    /// The instance that is ready now is dropped. It may hold a permit of a concurrency limit, which an
    /// unverified client must not occupy while it sends its body.
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(only_if) = &self.config.only_if {
            let (head, body) = request.into_parts();
            if !only_if(&head) {
                let request = Request::from_parts(head, Body::streamed(body));
                return ResponseFuture::passed(self.inner.call(request));
            }
            request = Request::from_parts(head, body);
        }
        let deadline = self.config.ack_deadline.and_then(|limit| Instant::now().checked_add(limit));
        let inner = self.give_readiness_back();
        let headers = BodyHeaders::of(request.headers(), &request.body().size_hint());
        let responder = Responder::new(&self.config, headers.is_grpc);
        let telemetry = responder.telemetry.clone();
        ResponseFuture::received(process(responder, inner, request, headers, deadline), telemetry)
    }
}

/// Processes a request that passed `only_if`. The steps run in the order of these lines, and all steps before
/// the handler share the acknowledgement deadline.
///
/// This is not an `async fn`, because an `async fn` stores each argument twice, and a head has about 200
/// bytes. It is generic over the service instead of the response body: if a host's body contains a
/// `dyn Error`, the compiler cannot prove that a type parameter for the body is `'static`. The handler is
/// called and awaited here, because each function in between would add its size to the future. `Box::pin`
/// would copy the future, although most of it is not in use yet.
#[allow(clippy::blocks_in_conditions, reason = "a variable would be stored in the future")]
fn process<S, B>(
    responder: Responder,
    mut inner: S,
    request: Request<B>,
    headers: BodyHeaders,
    deadline: Option<Instant>,
) -> BoxedResponse<<S::Response as ServiceResponse>::Body, S::Error>
where
    S: Service<Request<Body>, Error: Send, Future: Send> + Send + 'static,
    S::Response: ServiceResponse<Body: Send> + Send,
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let (mut head, mut body) = Incoming::of(request);
    let processing = Box::write(Box::new_uninit(), async move {
        let Responder { config, telemetry, .. } = &responder;
        let (payload, claim) = match {
            let before_handler = pin!(async {
                let (endpoint, now) = (find_endpoint(&responder, &head).await?, config.clock.now());
                EarlyResponse::handshake(endpoint.verifier().handshake(&config.request(&head, now)))?;
                let (mut check, timestamp) = verify_head(config, endpoint.verifier(), &head, now)?;
                let mut received = receive(&mut body, headers, config, &endpoint, &mut *check).await?;
                let outcome = match check.finish(received.signed()).0 {
                    Finishing::Now(outcome) => outcome,
                    Finishing::Later(later) => rarely(wait(later)).await,
                };
                let verified = verified(outcome, timestamp)?;
                judge_timestamp(config, endpoint.verifier(), verified.timestamp, now)?;
                let (verified, content) = received.decode(config, &endpoint).await?.into_payload(verified);
                let (body, claims) = (mem::take(&mut received.body), config.dedupe.claims());
                let mut delivery =
                    Delivery::new(endpoint, verified, body, &config.request(&head, now), claims);
                correct_head(&mut head, &delivery, matches!(content, Content::Decoded(_)));
                telemetry.delivery(&delivery);
                EarlyResponse::handshake(signed_handshake(&delivery, &config.request(&head, now)))?;
                EarlyResponse::unlisted(config.only_events.as_ref(), &delivery)?;
                decode(config, &delivery, content, &mut head.extensions)?;
                // Before the claim, so that the lease does not run while the service is not ready.
                poll_fn(|cx| inner.poll_ready(cx)).await.map_err(EarlyResponse::ServiceFailed)?;
                let claimed = config.dedupe.claim(&head, &mut delivery, telemetry).await;
                telemetry.delivery(&delivery); // again, with its key
                let claim = EarlyResponse::duplicate(claimed?)?;
                let payload = received.hand_on(delivery.payload().clone(), config.forward_trailers);
                head.extensions.insert(delivery);
                Ok((payload, claim))
            });
            timeout(left_until(deadline), before_handler).await.unwrap_or_else(too_late)
        } {
            Ok(claimed) => claimed,
            Err(early) => return responder.respond_early(early, &head, body),
        };
        let detached = config.detached && !Delivery::shares_outer_claim(&head);
        telemetry.handler_called();
        let handler = call(&mut inner, Request::from_parts(head, payload));
        if detached {
            return rarely(handle_detached(responder.clone(), handler, claim, deadline)).await;
        }
        handle(&responder, handler, claim).await
    });
    Box::into_pin(processing)
}

/// Updates the head for the handler and the layers below. Corrects the headers that describe the body, if
/// they do not match the payload, and inserts the endpoint's values into the extensions.
#[inline]
fn correct_head(head: &mut Parts, delivery: &Delivery, is_decoded: bool) {
    if is_decoded {
        head.headers.remove(CONTENT_ENCODING);
    }
    if delivery.payload().as_ptr() != delivery.raw().as_ptr() {
        describe(head, delivery.payload());
    }
    delivery.endpoint().insert_values(&mut head.extensions);
}

/// Corrects the headers that describe the body.
#[cold]
fn describe(head: &mut Parts, payload: &[u8]) {
    if head.headers.contains_key(CONTENT_LENGTH) {
        head.headers.insert(CONTENT_LENGTH, payload.len().into());
    }
    // JSON from a form, a query or an envelope may have arrived with another content type.
    let has_other_type = head.headers.get(CONTENT_TYPE).is_none_or(|content_type| {
        let content_type = content_type.as_bytes();
        let is = |name: &[u8]| {
            content_type.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        is(b"application/x-www-form-urlencoded") || is(b"text/plain")
    });
    if has_other_type && matches!(payload.trim_ascii_start(), [b'{' | b'[', ..]) {
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
}

/// Decodes the payload into the extensions, if the layer has a payload type, and applies the policy for a
/// payload or a `content-encoding` that cannot be decoded.
fn decode<E>(
    config: &Config,
    delivery: &Delivery,
    content: Content,
    extensions: &mut Extensions,
) -> Result<(), EarlyResponse<E>> {
    let type_id = config.decode.as_ref().map(|decode| decode.type_id);
    let error = match (content, &config.decode) {
        (Content::Undecodable(error), _) => error,
        (_, None) => return Ok(()),
        (_, Some(decode)) => match (decode.with)(delivery, extensions) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        },
    };
    match config.on_undecodable {
        Undecodable::Reject => Err(Rejection::new(RejectionKind::Undecodable).because(error).into()),
        Undecodable::Acknowledge => {
            acknowledged(&*error);
            delivery.set_undecoded(type_id, error);
            Err(EarlyResponse::Acknowledged)
        }
        Undecodable::HandOver => {
            delivery.set_undecoded(type_id, error);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::ready};

    use tower::{service_fn, util::BoxCloneSyncService};

    use super::*;
    use crate::{config::EndpointSource, provider};

    /// The largest block that glibc's per-thread cache serves.
    const LARGEST: usize = 1_032;

    #[test]
    fn the_pipeline_fits_on_a_page() {
        let from = include_str!("mod.rs").split_once("\nfn process").unwrap_or_default().1;
        let lines = from.lines().take_while(|line| *line != "}").count() + 1;
        assert!((30..=60).contains(&lines), "{lines} lines");
    }

    #[test]
    fn the_future_of_each_request_is_small() -> Result<(), BoxError> {
        let github = provider::github("a secret".parse::<crate::Secret>()?);
        let config = Arc::new(Config::new(EndpointSource::Fixed(github.into())));
        // As large as an axum router.
        let inner = BoxCloneSyncService::new(service_fn(|_: Request<Body>| {
            ready(Ok::<_, Infallible>(Response::new(axum::body::Body::empty())))
        }));
        let request = Request::new(axum::body::Body::empty());
        let headers = BodyHeaders::of(request.headers(), &request.body().size_hint());
        let responder = Responder::new(&config, headers.is_grpc);
        let size = size_of_val(&*process(responder, inner, request, headers, None));
        assert!(size <= LARGEST, "{size} bytes");
        Ok(())
    }
}
