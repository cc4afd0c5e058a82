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

/// How a handler ended: with an answer, in a panic, or not in time.
pub(crate) enum RunEnd<T> {
    Returned(T),
    Panicked(Box<dyn Any + Send>),
    TimedOut(Elapsed),
}

/// Runs `handler` for `limit` at most, with the heartbeat of its claim beside it.
///
/// The heartbeat is only made if the handler has to be waited for.
pub(crate) fn run<'h, H, B>(
    handler: CatchUnwind<H>,
    heartbeat: Option<B>,
    limit: Duration,
) -> impl Future<Output = RunEnd<H::Output>> + use<'h, H, B>
where
    H: Future,
    B: FnOnce() -> BoxFuture<'h, ()>,
{
    Run { handler, heartbeat, limit, beside: None }
}

pin_project! {
    /// One future and not three, one within the other: each would move the answer once more.
    struct Run<'h, H, B> {
        #[pin]
        handler: CatchUnwind<H>,
        heartbeat: Option<B>,
        limit: Duration,
        beside: Option<Beside<'h>>,
    }
}

/// What goes on beside a handler that has to be waited for; most do not, and have none of it made.
struct Beside<'h> {
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
        let Beside { heartbeat, timer } = this.beside.get_or_insert_with(|| Beside {
            heartbeat: this.heartbeat.take().map(|begin| begin()),
            timer: Box::pin(sleep(*this.limit)),
        });
        // Both unconstrained, as in `timeout`: the handler may have used up the task's budget.
        if let Some(beat) = heartbeat
            && pin!(unconstrained(beat.as_mut())).poll(cx).is_ready()
        {
            *heartbeat = None;
        }
        pin!(unconstrained(timer.as_mut())).poll(cx).map(|()| RunEnd::TimedOut(Elapsed::after(*this.limit)))
    }
}
