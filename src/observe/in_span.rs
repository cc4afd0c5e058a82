use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::Record;

/// A future that runs in its record's span, and is dropped in it.
///
/// In a struct of its own and not around what is in the box: the box is not to grow.
pub(crate) struct Observed<F> {
    future: Option<F>,
    record: Record,
}

impl<F> Observed<F> {
    pub(crate) fn new(future: F, record: Record) -> Self {
        Self { future: Some(future), record }
    }

    fn end(&mut self) {
        if let Some(future) = self.future.take() {
            let _entered = self.record.enter();
            drop(future);
        }
    }
}

impl<F: Future + Unpin> Future for Observed<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, record } = &mut *self;
        let Some(running) = future else { return Poll::Pending };
        let output = {
            let _entered = record.enter();
            ready!(Pin::new(running).poll(cx))
        };
        // The outcome is told now, and not when the host comes to drop this.
        self.end();
        self.record = Record::NONE;
        Poll::Ready(output)
    }
}

impl<F> Drop for Observed<F> {
    fn drop(&mut self) {
        self.end();
    }
}
