//! A service behind the layer, requests for it, and stores with injected failures.

use std::{
    convert::Infallible,
    fmt::Debug,
    future::pending,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::{runtime::Runtime, task::JoinHandle, time::Instant};
use tower::{Layer, ServiceExt};
use tower_service::Service;
use tower_webhook::{
    Body, Clock, Delivery, Rejection, RejectionKind, Secret, WebhookLayer, WebhookService, store::MokaStore,
    testing::FaultyStore,
};

pub const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
pub const GITHUB_SECRET: &str = "It's a Secret to Everybody";
pub const NOW: u64 = sign::NOW as u64;

use crate::sign::{self, Sent};
pub use crate::sign::{SECRET, secret};

/// A clock that follows tokio's, which is virtual under `start_paused`.
#[derive(Clone, Copy)]
pub struct TokioClock(Instant);

impl TokioClock {
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW) + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Returns a layer on virtual time with the defaults for everything else.
pub fn layer() -> WebhookLayer {
    WebhookLayer::new(secret()).clock(TokioClock::start())
}

/// Returns a layer for GitHub, whose delivery ids are not signed.
pub fn github_layer() -> WebhookLayer {
    let secret: Secret = GITHUB_SECRET.parse().unwrap();
    WebhookLayer::with_verifier(tower_webhook::provider::github(secret)).clock(TokioClock::start())
}

/// Returns a delivery of `body` under `id`, signed at the start of the test.
pub fn signed(id: &str, body: &str) -> Sent {
    signed_with(SECRET, id, NOW, body)
}

pub fn signed_with(secret: &str, id: &str, timestamp: u64, body: &str) -> Sent {
    sign::signed_with(secret, timestamp.try_into().unwrap(), id, body.to_owned())
}

pub fn github_signed(id: &str, body: &str) -> Sent {
    sign::github(GITHUB_SECRET, id, "push", body.to_owned())
}

/// Returns the request with another path.
pub fn to<B>(path: &str, mut request: Request<B>) -> Request<B> {
    *request.uri_mut() = path.parse().unwrap();
    request
}

/// Returns the request with this header in place of the one of the same name.
pub fn with_header<B>(name: &'static str, value: &str, mut request: Request<B>) -> Request<B> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

/// Returns the request without the header.
pub fn without_header<B>(name: &str, mut request: Request<B>) -> Request<B> {
    request.headers_mut().remove(name).unwrap();
    request
}

/// The handler's reaction to a call.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Answer(u16),
    AnswerGrpc(&'static str),
    Fail,
    Panic,
    Sleep(Duration),
    /// Uses up tokio's cooperative budget on every poll and never waits.
    Work(Duration),
    /// Sleeps, and then acts.
    Late(Duration, &'static Act),
    Hang,
}

/// A handler that performs one act for each call, returns 200 when no act is left, and records its deliveries.
#[derive(Clone, Default)]
pub struct Handler(Arc<Inner>);

#[derive(Default)]
struct Inner {
    acts: Mutex<Vec<Act>>,
    calls: AtomicUsize,
    running: AtomicUsize,
    deliveries: Mutex<Vec<Delivery>>,
}

impl Handler {
    pub fn doing(acts: impl IntoIterator<Item = Act>) -> Self {
        let handler = Self::default();
        handler.0.acts.lock().unwrap().extend(acts);
        handler
    }

    pub fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    pub fn running(&self) -> usize {
        self.0.running.load(Ordering::SeqCst)
    }

    /// Returns the last delivery that reached the handler.
    pub fn last(&self) -> Delivery {
        self.0.deliveries.lock().unwrap().last().expect("the handler was never called").clone()
    }

    pub fn under(&self, layer: &WebhookLayer) -> App<WebhookService<Self>> {
        App(layer.layer(self.clone()))
    }
}

#[derive(Debug, PartialEq)]
pub struct HandlerError;

impl Service<Request<Body>> for Handler {
    type Response = Response<Full<Bytes>>;
    type Error = HandlerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, HandlerError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HandlerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            inner.calls.fetch_add(1, Ordering::SeqCst);
            let _running = Running::new(&inner);
            if let Some(delivery) = request.extensions().get::<Delivery>() {
                inner.deliveries.lock().unwrap().push(delivery.clone());
            }
            let mut act = {
                let mut acts = inner.acts.lock().unwrap();
                if acts.is_empty() { Act::Answer(200) } else { acts.remove(0) }
            };
            while let Act::Late(time, then) = act {
                tokio::time::sleep(time).await;
                act = *then;
            }
            let body = request.into_body().collect().await.map_err(|_| HandlerError)?.to_bytes();
            let mut response = Response::new(Full::from(body));
            match act {
                Act::Answer(status) => *response.status_mut() = StatusCode::from_u16(status).unwrap(),
                Act::AnswerGrpc(status) => {
                    response.headers_mut().insert("grpc-status", status.parse().unwrap());
                }
                Act::Fail => return Err(HandlerError),
                Act::Panic => panic!("injected handler panic"),
                Act::Sleep(time) | Act::Late(time, _) => tokio::time::sleep(time).await,
                Act::Work(time) => {
                    let until = Instant::now() + time;
                    while Instant::now() < until {
                        tokio::task::consume_budget().await;
                    }
                }
                Act::Hang => pending().await,
            }
            Ok(response)
        })
    }
}

struct Running(Arc<Inner>);

impl Running {
    fn new(inner: &Arc<Inner>) -> Self {
        inner.running.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(inner))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The handler behind one or several layers.
#[derive(Clone)]
pub struct App<S = WebhookService<Handler>>(pub S);

impl<S: Clone> App<S> {
    pub async fn call<B, R>(&self, request: Request<B>) -> Result<Answer, HandlerError>
    where
        S: Service<Request<B>, Response = Response<R>, Error = HandlerError>,
        R: http_body::Body<Data = Bytes, Error = Infallible>,
    {
        let (head, body) = self.0.clone().oneshot(request).await?.into_parts();
        Ok(Answer { head, body: body.collect().await.unwrap().to_bytes() })
    }

    /// Sends `request` and returns the response, which must not be an error of the handler.
    pub async fn send<B, R>(&self, request: Request<B>) -> Answer
    where
        S: Service<Request<B>, Response = Response<R>, Error = HandlerError>,
        R: http_body::Body<Data = Bytes, Error = Infallible>,
    {
        self.call(request).await.expect("the handler returned an error")
    }

    /// Sends `request` in a task.
    pub fn start<B, R>(&self, request: Request<B>) -> JoinHandle<Answer>
    where
        S: Service<Request<B>, Response = Response<R>, Error = HandlerError, Future: Send>,
        S: Send + Sync + 'static,
        B: Send + 'static,
        R: http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        let app = self.clone();
        tokio::spawn(async move { app.send(request).await })
    }
}

/// Drops a started request, as a server does when the client hangs up, and waits until it has been settled.
pub async fn hang_up<T: Debug>(call: JoinHandle<T>) {
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    settle_down().await;
}

/// Sends `request` and hangs up once no task can make progress.
pub async fn hang_up_during(app: &App, request: Sent) {
    let call = app.start(request);
    settle_down().await;
    assert!(!call.is_finished(), "request finished before the client hung up");
    hang_up(call).await;
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// Starts a request on a runtime, and drops the runtime while the handler runs.
pub fn outlive_its_runtime(app: &App, request: Sent) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
    let mut call = Box::pin(app.send(request));
    runtime().block_on(async {
        tokio::select! {
            answer = &mut call => panic!("{answer:?}"),
            () = settle_down() => {}
        }
    });
    call
}

#[derive(Debug)]
pub struct Answer {
    pub head: http::response::Parts,
    pub body: Bytes,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn rejection(&self) -> Option<&Rejection> {
        self.head.extensions.get()
    }

    pub fn kind(&self) -> Option<RejectionKind> {
        self.rejection().map(Rejection::kind)
    }

    pub fn is_duplicate(&self) -> bool {
        self.status() == 200 && self.header("x-webhook-duplicate") == Some("true")
    }

    #[track_caller]
    pub fn assert_handled(&self) {
        assert_eq!((self.status(), self.header("x-webhook-duplicate")), (200, None), "{self:?}");
    }

    #[track_caller]
    pub fn assert_duplicate(&self) {
        assert!(self.is_duplicate(), "{self:?}");
        assert_eq!((self.body.len(), self.kind()), (0, None));
    }

    #[track_caller]
    pub fn assert_rejected(&self, kind: RejectionKind) {
        assert_eq!(self.kind(), Some(kind), "{self:?}");
        assert_eq!(self.head.status, kind.status());
    }
}

/// Lets every task run as far as it can without advancing time.
pub async fn settle_down() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Returns a store in memory, on virtual time, with injectable faults.
pub fn faulty_store() -> FaultyStore<MokaStore> {
    FaultyStore::new(MokaStore::new(1000).clock(TokioClock::start()))
}
