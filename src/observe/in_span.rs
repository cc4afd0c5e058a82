use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::Telemetry;

/// A future that runs in its record's span, and is dropped in it.
///
/// In a struct of its own and not around what is in the box: the box is not to grow.
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

impl<F: Future + Unpin> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, telemetry } = &mut *self;
        let Some(running) = future else { return Poll::Pending };
        let output = {
            let _entered = telemetry.enter();
            ready!(Pin::new(running).poll(cx))
        };
        // The outcome is told now, and not when the host comes to drop this.
        self.end();
        self.telemetry = Telemetry::NONE;
        Poll::Ready(output)
    }
}

impl<F> Drop for InSpan<F> {
    fn drop(&mut self) {
        self.end();
    }
}
