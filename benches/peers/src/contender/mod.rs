//! The contenders: the floor, a handler written by hand, the peers, and `tower-webhook`.

pub mod by_hand;
pub mod least;
mod ours;
mod peers;

use std::{
    convert::Infallible,
    fmt::Debug,
    future::{Ready, ready},
    hint::black_box,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use tokio::runtime::Runtime;
use tower::{Service, ServiceExt};

pub use ours::{Dedupe, in_axum, layer};
pub use peers::{github_layer, peers, peers_in_axum, verify_layer};

use crate::{delivery::Sent, floor::Floor, rounds::Watch};

/// A measured implementation. `call` returns the time and, if there is a response, its status.
pub struct Contender {
    pub name: String,
    pub ids: Ids,
    pub call: Box<dyn FnMut(Request<Sent>) -> (Duration, Option<u16>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// Each delivery has its own id.
    Fresh,
    /// Each round repeats the ids of the previous round.
    Again,
}

impl Contender {
    /// Creates a contender from a service, whose future is polled directly because it does not wait
    /// for anything. Only the task that drains the body of a rejected request runs on `runtime`; the
    /// time of this task counts as well.
    pub fn new<S, R>(name: &str, runtime: &Rc<Runtime>, mut service: S) -> Self
    where
        S: Service<Request<Sent>, Response = Response<R>> + 'static,
        S::Error: Debug,
    {
        let answer = move |request| {
            let mut context = Context::from_waker(Waker::noop());
            assert!(matches!(service.poll_ready(&mut context), Poll::Ready(Ok(()))));
            service.call(request)
        };
        Self::answering(name, runtime, answer)
    }

    /// Creates a contender that clones the service for each delivery, as axum and `ServiceExt::oneshot` do.
    pub fn oneshot<S, R>(name: &str, runtime: &Rc<Runtime>, service: S) -> Self
    where
        S: Service<Request<Sent>, Response = Response<R>> + Clone + 'static,
        S::Error: Debug,
    {
        Self::answering(name, runtime, move |request| service.clone().oneshot(request))
    }

    fn answering<F, R, E: Debug>(
        name: &str,
        runtime: &Rc<Runtime>,
        mut answer: impl FnMut(Request<Sent>) -> F + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Response<R>, E>>,
    {
        let runtime = Rc::clone(runtime);
        let call = move |request: Request<Sent>| {
            let _entered = runtime.enter();
            let mut context = Context::from_waker(Waker::noop());
            let watch = Watch::start(request.body().whole.len());
            let status = {
                let mut answer = pin!(answer(request));
                // Some services return `Pending` although they do not wait for anything.
                let polls = std::iter::repeat_with(|| answer.as_mut().poll(&mut context)).take(1000);
                let answer =
                    polls.filter_map(|poll| if let Poll::Ready(it) = poll { Some(it) } else { None }).next();
                let answer = black_box(answer.expect("response is pending"));
                answer.expect("service failed").status()
            };
            if status.is_client_error() {
                while runtime.metrics().num_alive_tasks() > 0 {
                    runtime.block_on(tokio::task::yield_now());
                }
            }
            (watch.elapsed(), Some(status.as_u16()))
        };
        Self { name: name.to_owned(), ids: Ids::Fresh, call: Box::new(call) }
    }

    pub fn again(self) -> Self {
        Self { ids: Ids::Again, ..self }
    }
}

pub fn floor(floor: Floor) -> Contender {
    let mut work = floor.prepare();
    let call = move |request: Request<Sent>| {
        let body = request.body().whole.clone();
        drop(black_box(request));
        let watch = Watch::start(body.len());
        work(&body);
        (watch.elapsed(), None)
    };
    Contender { name: "floor".to_owned(), ids: Ids::Fresh, call: Box::new(call) }
}

/// The handler behind all layers, which only drops the request.
pub fn handle<B>(request: Request<B>) -> Ready<Result<Response<Empty<Bytes>>, Infallible>> {
    drop(black_box(request));
    ready(Ok(Response::new(Empty::new())))
}

/// A handler that reads its body in one piece.
pub async fn collect<B>(request: Request<B>) -> Result<Response<Empty<Bytes>>, Infallible>
where
    B: Body<Data = Bytes, Error: Debug>,
{
    let (head, body) = request.into_parts();
    black_box((head, body.collect().await.unwrap().to_bytes()));
    Ok(Response::new(Empty::new()))
}
