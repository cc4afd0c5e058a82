//! The layer keeps tower's contract: it calls only services that are ready, and it does not hold a concurrency permit
//! while it reads a body.

use std::{
    convert::Infallible,
    future::{Ready, poll_fn, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{
    BodyExt,
    channel::{Channel, Sender},
    combinators::UnsyncBoxBody,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer, service_fn};
use tower_webhook::{Body, ManualClock, OutcomeKind, WebhookLayer};

use crate::common::{self, NOW, Outcomes, Sent, outcomes, post, secret, signed, soon};

fn layer() -> WebhookLayer {
    WebhookLayer::new(secret()).clock(ManualClock::at_unix(NOW))
}

type Answer = Response<http_body_util::Full<Bytes>>;

async fn handled(_: Request<Body>) -> Result<Answer, Infallible> {
    Ok(Answer::default())
}

/// Makes this instance ready and then calls it, as tower requires.
async fn called<S, B>(service: &mut S, request: Request<B>) -> Result<S::Future, S::Error>
where
    S: Service<Request<B>>,
{
    Ok(service.ready().await?.call(request))
}

async fn through<S, B>(service: &mut S, request: Request<B>) -> Result<S::Response, S::Error>
where
    S: Service<Request<B>>,
{
    called(service, request).await?.await
}

type AnyBody = UnsyncBoxBody<Bytes, Infallible>;

fn boxed<B: http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static>(
    request: Request<B>,
) -> Request<AnyBody> {
    request.map(BodyExt::boxed_unsync)
}

/// Returns a request with a well-formed head, so that the layer must read its body, and a sender for the body.
fn slow() -> (Sender<Bytes, Infallible>, Request<AnyBody>) {
    let (sender, body) = Channel::new(1);
    let (head, _) = signed("msg_forged", "{}").into_parts();
    (sender, boxed(Request::from_parts(head, body)))
}

#[tokio::test]
async fn a_slow_body_does_not_hold_the_only_permit_of_a_concurrency_limit() {
    let service = ServiceBuilder::new().layer(layer()).concurrency_limit(1).service(service_fn(handled));
    let (mut sender, request) = slow();
    let forged = tokio::spawn(service.clone().oneshot(request));
    // The channel holds one frame, so the second `send_data` returns only after the layer has begun to read.
    sender.send_data(Bytes::from_static(b"{")).await.unwrap();
    sender.send_data(Bytes::from_static(b" ")).await.unwrap();

    let good = soon(service.oneshot(boxed(signed("msg_1", "{}")))).await.unwrap();
    assert_eq!(good.status(), StatusCode::OK);
    assert!(!forged.is_finished());

    sender.send_data(Bytes::from_static(b"}")).await.unwrap();
    drop(sender);
    assert_eq!(soon(forged).await.unwrap().unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_call_returns_its_permit_before_it_is_polled() {
    let mut service = ServiceBuilder::new().layer(layer()).concurrency_limit(1).service(service_fn(handled));
    let (_sender, request) = slow();
    let _forged = called(&mut service, request).await.unwrap();
    let good = soon(called(&mut service, boxed(signed("msg_1", "{}")))).await.unwrap();
    let good = soon(good).await.unwrap();
    assert_eq!(good.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_running_handler_holds_its_permit() {
    let (desk, mut calls) = common::desk();
    let handler = service_fn(move |request: Request<Body>| {
        let desk = desk.clone();
        async move {
            let status = desk.handle(None, None, request.into_body()).await;
            Ok::<_, Infallible>(Response::builder().status(status).body(String::new()).unwrap())
        }
    });
    let service = ServiceBuilder::new().layer(layer()).layer(ConcurrencyLimitLayer::new(1)).service(handler);
    let first = tokio::spawn(service.clone().oneshot(signed("msg_1", "{}")));
    let call = calls.next().await;
    let mut second = Box::pin(service.oneshot(signed("msg_2", "{}")));
    assert!(poll_fn(|cx| Poll::Ready(second.as_mut().poll(cx).is_pending())).await);
    assert!(calls.is_empty());

    call.answer(StatusCode::OK);
    assert_eq!(soon(first).await.unwrap().unwrap().status(), StatusCode::OK);
    let second = tokio::spawn(second);
    calls.answer(StatusCode::OK).await;
    assert_eq!(soon(second).await.unwrap().unwrap().status(), StatusCode::OK);
}

/// A service that panics if it is called before it is ready. Tower permits such a panic.
struct Probe {
    ready: bool,
    number: usize,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    clones: AtomicUsize,
    /// The numbers of the instances that were called.
    called: Mutex<Vec<usize>>,
    /// The number of times that `poll_ready` succeeds before it fails.
    fails_after: Option<AtomicUsize>,
}

impl Probe {
    fn new(shared: &Arc<Shared>) -> Self {
        Self { ready: false, number: 0, shared: Arc::clone(shared) }
    }
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        let number = self.shared.clones.fetch_add(1, Ordering::SeqCst) + 1;
        Self { ready: false, number, shared: Arc::clone(&self.shared) }
    }
}

impl Service<Request<Body>> for Probe {
    type Response = Response<String>;
    type Error = &'static str;
    type Future = Ready<Result<Response<String>, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        if let Some(left) = &self.shared.fails_after
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err()
        {
            return Poll::Ready(Err("not ready"));
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        assert!(self.ready, "called before it was ready");
        self.ready = false;
        self.shared.called.lock().unwrap().push(self.number);
        ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn every_called_instance_is_ready() {
    let shared = Arc::default();
    let mut service = layer().layer(Probe::new(&shared));
    for id in ["msg_1", "msg_2", "msg_2", "msg_3"] {
        let response = through(&mut service, signed(id, "{}")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    let refused = through(&mut service, post("{}")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(shared.called.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn an_excluded_request_goes_to_the_instance_that_was_made_ready() {
    let shared = Arc::default();
    let mut service = layer().only_if(|_| false).layer(Probe::new(&shared));
    for _ in 0..3 {
        through(&mut service, post("{}")).await.unwrap();
    }
    assert_eq!(*shared.called.lock().unwrap(), [0, 0, 0]);
    assert_eq!(shared.clones.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn excluded_requests_and_deliveries_may_alternate() {
    let shared = Arc::default();
    let signed_only = layer().only_if(|head| head.headers.contains_key("webhook-id"));
    let mut service = signed_only.layer(Probe::new(&shared));
    for request in [post("{}"), signed("msg_1", "{}"), post("{}"), signed("msg_2", "{}"), post("{}")] {
        through(&mut service, request).await.unwrap();
    }
    assert_eq!(shared.called.lock().unwrap().len(), 5);
}

fn failing_after(times: usize) -> (tower_webhook::WebhookService<Probe>, Outcomes, Arc<Shared>) {
    let shared = Arc::new(Shared { fails_after: Some(AtomicUsize::new(times)), ..Shared::default() });
    let (tell, outcomes) = outcomes();
    (layer().on_outcome(tell).layer(Probe::new(&shared)), outcomes, shared)
}

#[tokio::test]
async fn an_error_of_poll_ready_is_returned_at_once() {
    let (mut service, _, _) = failing_after(0);
    let error = <_ as ServiceExt<Sent>>::ready(&mut service).await.err();
    assert_eq!(error, Some("not ready"));
}

#[tokio::test]
async fn an_error_of_poll_ready_before_the_handler_leaves_no_claim() {
    let (mut service, mut outcomes, shared) = failing_after(1);
    let failed = through(&mut service, signed("msg_1", "{}")).await;
    assert_eq!(failed.err(), Some("not ready"));
    assert!(shared.called.lock().unwrap().is_empty());
    let outcome = outcomes.next().await;
    assert_eq!(outcome.kind(), OutcomeKind::Aborted);
    assert_eq!(outcome.settlement(), None);

    // Two successes: one for the instance that is polled, one for the instance that is called.
    shared.fails_after.as_ref().unwrap().store(2, Ordering::SeqCst);
    let retry = through(&mut service, signed("msg_1", "{}")).await.unwrap();
    assert_eq!(retry.status(), StatusCode::OK);
    assert!(!retry.headers().contains_key("x-webhook-duplicate"));
    assert_eq!(shared.called.lock().unwrap().len(), 1);
}
