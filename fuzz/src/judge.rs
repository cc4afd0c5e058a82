//! One request through a layer, with limits on its memory and allocations.

use std::{
    cell::RefCell,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use allocation_counter::measure;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame};
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{Body, Delivery, ManualClock, Rejection, RejectionKind, WebhookLayer, verify::Verifier};

/// The crate's result for a request.
#[derive(Debug)]
pub(crate) enum Found {
    Accepted(Delivery),
    Rejected(RejectionKind),
    /// The layer answered a verification handshake.
    Handshake,
}

impl Found {
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(1 << 40))
}

/// Sends `request` through a layer with `verifier`, in frames of `frame` bytes, or in a single frame if `frame`
/// is 0.
pub(crate) fn judge(
    verifier: &(impl Verifier + Clone),
    request: Request<Bytes>,
    now: SystemTime,
    frame: usize,
) -> Found {
    let layer = WebhookLayer::with_verifier(verifier.clone()).clock(ManualClock::new(now));
    through(layer.without_dedupe(), request, frame)
}

/// Sends `request` like [`judge`], but through `layer`.
pub(crate) fn through(layer: WebhookLayer, request: Request<Bytes>, frame: usize) -> Found {
    let heads =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    let size = heads + request.uri().to_string().len() + request.body().len();
    let handler = service_fn(async |request: Request<Body>| {
        let mut response = Response::new(Bytes::new());
        let delivery = request.extensions().get::<Delivery>().expect("a delivery").clone();
        response.extensions_mut().insert(delivery);
        Ok::<_, Infallible>(response)
    });
    let service = layer.layer(handler);
    let request = request.map(|body| Frames::new(body, frame));
    let Ok(mut response) = bounded(size, || in_runtime(service.oneshot(request)));
    match (response.extensions_mut().remove::<Delivery>(), response.extensions().get::<Rejection>()) {
        (Some(delivery), None) => Found::Accepted(delivery),
        (None, Some(rejection)) => {
            // Formatting the errors must not panic.
            let mut cause: Option<&dyn std::error::Error> = Some(rejection);
            while let Some(error) = cause {
                let _ = error.to_string();
                cause = error.source();
            }
            Found::Rejected(rejection.kind())
        }
        (None, None) => Found::Handshake,
        (Some(_), Some(_)) => panic!("request is both accepted and rejected"),
    }
}

/// Runs `work` on an input of `size` bytes, and asserts that the memory and the allocations of `work` have a
/// limit that is linear in `size`.
pub(crate) fn bounded<T>(size: usize, work: impl FnOnce() -> T) -> T {
    let mut done = None;
    let cost = measure(|| done = Some(work()));
    let (held, count) = (96 * 1024 + 64 * size as u64, 600 + 4 * size as u64);
    assert!(cost.bytes_max <= held, "{} bytes held for {size}", cost.bytes_max);
    assert!(cost.count_total <= count, "{} allocations for {size}", cost.count_total);
    done.expect("work was not run")
}

/// Runs `future` to completion, on tokio's paused clock.
pub(crate) fn in_runtime<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: RefCell<Runtime> =
            RefCell::new(Builder::new_current_thread().enable_time().start_paused(true).build().unwrap());
    }
    RUNTIME.with(|runtime| runtime.borrow().block_on(future))
}

/// A body in frames of equal length. It is pending once before each frame.
struct Frames {
    rest: Bytes,
    frame: usize,
    pending: bool,
}

impl Frames {
    fn new(rest: Bytes, frame: usize) -> Self {
        let frame = if frame == 0 { rest.len().max(1) } else { frame };
        Self { rest, frame, pending: false }
    }
}

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        self.pending = !self.pending;
        if self.pending {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let length = self.frame.min(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }
}
