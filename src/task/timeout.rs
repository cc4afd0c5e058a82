//! Waiting: with an end to it, and with a panic caught.
//!
//! Structs and not `async fn`s: those keep a future that they are given twice, once as an argument
//! and once pinned, and the futures here are nested and boxed with all that they hold.

use std::{
    any::Any,
    error::Error,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::{
    task::unconstrained,
    time::{Sleep, sleep},
};

/// Waits for `future`, at most for `limit`; without one, for ever.
///
/// The timer is only made once there is something to wait for: most of what is time-boxed here
/// is ready at once (a body in one frame, a store in memory), and a timer costs more than it.
pub(crate) fn within<F: Future>(limit: impl Into<Option<Duration>>, future: F) -> Within<F> {
    Within { limit: limit.into(), timer: None, future }
}

pin_project! {
    pub(crate) struct Within<F> {
        limit: Option<Duration>,
        timer: Option<Pin<Box<Sleep>>>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Within<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let Some(limit) = *this.limit else { return Poll::Pending };
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        // Unconstrained: a future that is always ready uses up the task's budget, and without any the
        // timer would never be over.
        pin!(unconstrained(timer.as_mut())).poll(cx).map(|()| Err(Elapsed(limit)))
    }
}

/// Calls `begin` and waits for the future that it makes; if either panics, that is the error.
pub(crate) fn caught<F: Future>(begin: impl FnOnce() -> F) -> Caught<F> {
    match catch_unwind(AssertUnwindSafe(begin)) {
        Ok(future) => Caught::Begun { future },
        Err(panic) => Caught::Panicked { panic: Some(panic) },
    }
}

pin_project! {
    #[project = CaughtProjection]
    pub(crate) enum Caught<F> {
        Begun { #[pin] future: F },
        Panicked { panic: Option<Box<dyn Any + Send>> },
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            // The future is not polled again after a panic, so a broken invariant in it is not seen.
            CaughtProjection::Begun { future } => match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                Ok(polled) => polled.map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            },
            CaughtProjection::Panicked { panic } => {
                panic.take().map_or(Poll::Pending, |panic| Poll::Ready(Err(panic)))
            }
        }
    }
}

/// It took longer than it may.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elapsed(Duration);

impl Elapsed {
    pub(crate) fn after(limit: Duration) -> Self {
        Self(limit)
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it took longer than {:?}", self.0)
    }
}

impl Error for Elapsed {}
