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
use crate::task::{Caught, Elapsed};

/// How a handler ended: with an answer, in a panic, or not in time.
pub(crate) enum Ended<T> {
    Answered(T),
    Panicked(Box<dyn Any + Send>),
    TimedOut(Elapsed),
}

/// Waits for `handler`, for `limit` at most, and keeps its claim alive beside it. When this is
/// ready the claim is not yet settled.
pub(crate) fn run<'h, H: Future>(
    handler: Caught<H>,
    held: Option<&'h Held>,
    limit: Duration,
) -> impl Future<Output = Ended<H::Output>> + use<'h, H> {
    Run { handler, held, limit, beside: None }
}

pin_project! {
    /// One future and not three, one within the other: each would move the answer once more.
    struct Run<'h, H> {
        #[pin]
        handler: Caught<H>,
        held: Option<&'h Held>,
        limit: Duration,
        beside: Option<Beside<'h>>,
    }
}

/// What goes on beside a handler that has to be waited for; most do not, and have none of it made.
struct Beside<'h> {
    heartbeat: Option<Pin<Box<dyn Future<Output = ()> + Send + 'h>>>,
    timer: Pin<Box<Sleep>>,
}

impl<H: Future> Future for Run<'_, H> {
    type Output = Ended<H::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.handler.poll(cx) {
            Poll::Ready(Ok(answer)) => return Poll::Ready(Ended::Answered(answer)),
            Poll::Ready(Err(panic)) => return Poll::Ready(Ended::Panicked(panic)),
            Poll::Pending => {}
        }
        let Beside { heartbeat, timer } = this.beside.get_or_insert_with(|| Beside {
            heartbeat: this.held.map(|held| Box::pin(held.keep_alive()) as _),
            timer: Box::pin(sleep(*this.limit)),
        });
        // Both unconstrained, as in `within`: the handler may have used up the task's budget.
        if let Some(beat) = heartbeat
            && pin!(unconstrained(beat.as_mut())).poll(cx).is_ready()
        {
            *heartbeat = None;
        }
        pin!(unconstrained(timer.as_mut())).poll(cx).map(|()| Ended::TimedOut(Elapsed::after(*this.limit)))
    }
}
