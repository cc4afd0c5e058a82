use std::{
    error::Error,
    fmt,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::{
    task::unconstrained,
    time::{Instant, Sleep, sleep},
};

/// Waits for `future`, for at most `limit` if there is one.
///
/// The timer is only made if the future is not ready at once. Most are (a body in one frame, a store in
/// memory), and a timer costs more than they do.
pub(crate) fn timeout<F: Future>(limit: impl Into<Option<Duration>>, future: F) -> Timeout<F> {
    Timeout { limit: limit.into(), timer: None, future }
}

/// Returns the time until a deadline, for [`timeout`].
pub(crate) fn left_until(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

pin_project! {
    pub(crate) struct Timeout<F> {
        limit: Option<Duration>,
        timer: Option<Pin<Box<Sleep>>>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let Some(limit) = *this.limit else { return Poll::Pending };
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        // Unconstrained: a future that is always ready uses up the task's budget, without which the timer
        // never fires.
        pin!(unconstrained(timer.as_mut())).poll(cx).map(|()| Err(Elapsed(limit)))
    }
}

/// The error of a future that took longer than its limit.
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
