use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;

use super::Telemetry;

/// A future that runs, and is dropped, in the tracing span of its request.
///
/// Wraps the boxed future instead of its content, so that the box does not grow.
pub(crate) struct InSpan<F> {
    future: Option<F>,
    telemetry: Telemetry,
}

impl<F> InSpan<F> {
    pub(crate) fn new(future: F, telemetry: Telemetry) -> Self {
        Self { future: Some(future), telemetry }
    }

    fn end(&mut self) {
        if let Some(future) = self.future.take() {
            let _entered = self.telemetry.enter();
            drop(future);
        }
    }
}

impl<F, B, E> Future for InSpan<F>
where
    F: Future<Output = Result<Response<B>, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, telemetry } = &mut *self;
        let Some(running) = future else { return Poll::Pending };
        let polled = {
            let _entered = telemetry.enter();
            Pin::new(running).poll(cx)
        };
        if let Poll::Ready(response) = &polled {
            if let Ok(response) = response {
                telemetry.answered(response);
            }
            // Reports the outcome now, not when the host drops the future.
            self.end();
            self.telemetry = Telemetry::NONE;
        }
        polled
    }
}

impl<F> Drop for InSpan<F> {
    fn drop(&mut self) {
        self.end();
    }
}
