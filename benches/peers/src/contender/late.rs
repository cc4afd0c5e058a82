//! The time from the last frame's arrival to the handler.

use std::{
    cell::Cell,
    convert::Infallible,
    fmt::Debug,
    future::Ready,
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Instant,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Empty;
use tokio::runtime::Runtime;
use tower::Service;

use super::{Contender, Ids};
use crate::delivery::Sent;

thread_local!(static ENTERED: Cell<Option<Instant>> = const { Cell::new(None) });

/// A handler that records when it is called.
pub fn handle<B>(request: Request<B>) -> Ready<Result<Response<Empty<Bytes>>, Infallible>> {
    ENTERED.set(Some(Instant::now()));
    super::handle(request)
}

/// Creates a contender from a service around [`handle`]. The time starts once the service has read all frames
/// but the last.
pub fn contender<S, R>(name: &str, runtime: &Rc<Runtime>, mut service: S) -> Contender
where
    S: Service<Request<Late>, Response = Response<R>> + 'static,
    S::Error: Debug,
{
    let runtime = Rc::clone(runtime);
    let call = move |request: Request<Sent>| {
        // The deadline of a pending body needs the runtime's timer.
        let _entered = runtime.enter();
        let mut context = Context::from_waker(Waker::noop());
        let may_end = Arc::new(AtomicBool::new(false));
        let request = request.map(|sent| Late { sent, may_end: Arc::clone(&may_end) });
        assert!(matches!(service.poll_ready(&mut context), Poll::Ready(Ok(()))));
        let mut answer = pin!(service.call(request));
        assert!(answer.as_mut().poll(&mut context).is_pending());
        may_end.store(true, Ordering::Relaxed);
        let start = Instant::now();
        let Poll::Ready(Ok(response)) = answer.as_mut().poll(&mut context) else {
            panic!("response is pending")
        };
        (ENTERED.take().unwrap().duration_since(start), Some(response.status().as_u16()))
    };
    Contender { name: name.to_owned(), ids: Ids::Fresh, call: Box::new(call) }
}

pub struct Late {
    sent: Sent,
    may_end: Arc<AtomicBool>,
}

impl Body for Late {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.sent.frames_left() == 1 && !self.may_end.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        Pin::new(&mut self.sent).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.sent.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.sent.size_hint()
    }
}
