use std::{
    any::Any,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::{
    task::unconstrained,
    time::{Sleep, sleep},
};

use super::Held;
use crate::time::{Caught, Elapsed};

/// How a handler ended: with an answer, in a panic, or not in time.
pub(crate) enum Ended<T> {
    Answered(T),
    Panicked(Box<dyn Any + Send>),
    TimedOut(Elapsed),
}

/// Waits for `handler`, for `limit` at most, and keeps its claim alive beside it. When this is
/// ready the claim is not yet settled.
pub(crate) fn run<H: Future>(
    handler: Caught<H>,
    held: Option<&Held>,
    limit: Duration,
) -> impl Future<Output = Ended<H::Output>> {
    Run { handler, heartbeat: held.map(Held::keep_alive), limit, timer: None }
}

pin_project! {
    /// One future and not three, one within the other: each would move the answer once more.
    struct Run<H, B> {
        #[pin]
        handler: Caught<H>,
        #[pin]
        heartbeat: Option<B>,
        limit: Duration,
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<H: Future, B: Future<Output = ()>> Future for Run<H, B> {
    type Output = Ended<H::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        match this.handler.poll(cx) {
            Poll::Ready(Ok(answer)) => return Poll::Ready(Ended::Answered(answer)),
            Poll::Ready(Err(panic)) => return Poll::Ready(Ended::Panicked(panic)),
            Poll::Pending => {}
        }
        if let Some(heartbeat) = this.heartbeat.as_mut().as_pin_mut()
            && heartbeat.poll(cx).is_ready()
        {
            this.heartbeat.set(None);
        }
        // The timer is only made once there is something to wait for; and unconstrained, as in `within`.
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(*this.limit)));
        pin!(unconstrained(timer.as_mut())).poll(cx).map(|()| Ended::TimedOut(Elapsed::after(*this.limit)))
    }
}
