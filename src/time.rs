//! Waiting: with an end to it, beside something else, and with a panic caught.

use std::{
    any::Any,
    error::Error,
    fmt,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::Duration,
};

/// Waits for `future`, at most for `limit`.
///
/// The timer is only made once there is something to wait for: most of what is time-boxed here
/// is ready at once (a body in one frame, a store in memory), and a timer costs more than it.
pub(crate) async fn within<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    if let Poll::Ready(output) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
        return Ok(output);
    }
    tokio::time::timeout(limit, future).await.map_err(|_| Elapsed(limit))
}

/// Waits for `main`, polling `companion` beside it, which is dropped when `main` is done.
pub(crate) async fn beside<M: Future, C: Future<Output = ()>>(main: M, companion: C) -> M::Output {
    let (mut main, mut companion) = (pin!(main), pin!(companion));
    let mut accompanied = true;
    poll_fn(|cx| {
        let polled = main.as_mut().poll(cx);
        if polled.is_pending() && accompanied {
            accompanied = companion.as_mut().poll(cx).is_pending();
        }
        polled
    })
    .await
}

/// Waits for `future`; if it panics, that is the error.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    // The future is not polled again after a panic, so a broken invariant in it is not seen.
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// It took longer than it may.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elapsed(Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it took longer than {:?}", self.0)
    }
}

impl Error for Elapsed {}
