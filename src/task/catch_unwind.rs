use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

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
