use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower_service::Service;

/// Calls `service`, and polls the future that it returns. Returns an error if either panics.
pub(crate) fn call<S: Service<R>, R>(service: &mut S, request: R) -> CatchUnwind<S::Future> {
    // Taken in the closure, because `catch_unwind` moves the values that a closure captures.
    let mut request = Some(request);
    let call = || request.take().map(|request| service.call(request));
    match panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(Some(future)) => CatchUnwind::Begun { future },
        Ok(None) => CatchUnwind::Panicked { panic: None },
        Err(panic) => CatchUnwind::Panicked { panic: Some(panic) },
    }
}

/// Calls `begin` and polls the future that it returns. Returns an error if either panics.
pub(crate) fn catch_unwind<F: Future>(begin: impl FnOnce() -> F) -> CatchUnwind<F> {
    match panic::catch_unwind(AssertUnwindSafe(begin)) {
        Ok(future) => CatchUnwind::Begun { future },
        Err(panic) => CatchUnwind::Panicked { panic: Some(panic) },
    }
}

pin_project! {
    #[project = CatchUnwindProjection]
    pub(crate) enum CatchUnwind<F> {
        Begun { #[pin] future: F },
        Panicked { panic: Option<Box<dyn Any + Send>> },
    }
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            // The future is not polled again after a panic, so a broken invariant is not observable.
            CatchUnwindProjection::Begun { future } => {
                match panic::catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                    Ok(polled) => polled.map(Ok),
                    Err(panic) => Poll::Ready(Err(panic)),
                }
            }
            CatchUnwindProjection::Panicked { panic } => {
                panic.take().map_or(Poll::Pending, |panic| Poll::Ready(Err(panic)))
            }
        }
    }
}
