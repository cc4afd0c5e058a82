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

use super::{BoxFuture, CatchUnwind, Elapsed};

/// The way in which a handler ended.
pub(crate) enum RunEnd<T> {
    Returned(T),
    Panicked(Box<dyn Any + Send>),
    TimedOut(Elapsed),
}

/// Runs `handler` for at most `limit`, together with the heartbeat of its claim.
pub(crate) fn run<'h, H, B>(
    handler: CatchUnwind<H>,
    heartbeat: Option<B>,
    limit: Duration,
) -> impl Future<Output = RunEnd<H::Output>> + use<'h, H, B>
where
    H: Future,
    B: FnOnce() -> BoxFuture<'h, ()>,
{
    Run { handler, heartbeat, limit, timers: None }
}

pin_project! {
    /// A single future; three nested ones would each move the response once more.
    struct Run<'h, H, B> {
        #[pin]
        handler: CatchUnwind<H>,
        heartbeat: Option<B>,
        limit: Duration,
        timers: Option<RunTimers<'h>>,
    }
}

/// The heartbeat and the timer, created only for a handler that is not ready at once.
struct RunTimers<'h> {
    heartbeat: Option<BoxFuture<'h, ()>>,
    timer: Pin<Box<Sleep>>,
}

impl<'h, H: Future, B: FnOnce() -> BoxFuture<'h, ()>> Future for Run<'h, H, B> {
    type Output = RunEnd<H::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.handler.poll(cx) {
            Poll::Ready(Ok(answer)) => return Poll::Ready(RunEnd::Returned(answer)),
            Poll::Ready(Err(panic)) => return Poll::Ready(RunEnd::Panicked(panic)),
            Poll::Pending => {}
        }
        let RunTimers { heartbeat, timer } = this.timers.get_or_insert_with(|| RunTimers {
            heartbeat: this.heartbeat.take().map(|begin| begin()),
            timer: Box::pin(sleep(*this.limit)),
        });
        // Both are unconstrained, as in `timeout`: the handler may have used up the task's coop budget.
        if let Some(beat) = heartbeat
            && pin!(unconstrained(beat.as_mut())).poll(cx).is_ready()
        {
            *heartbeat = None;
        }
        pin!(unconstrained(timer.as_mut())).poll(cx).map(|()| RunEnd::TimedOut(Elapsed::after(*this.limit)))
    }
}
