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

/// Waits for `future`, for at most `limit` if set.
///
/// The timer is only created if the future is not ready at once. Most futures are ready at once (a body in
/// one frame, a store in memory), and a timer is more expensive than such a future.
pub(crate) fn timeout<F: Future>(limit: impl Into<Option<Duration>>, future: F) -> Timeout<F> {
    Timeout { limit: limit.into(), timer: None, future }
}

/// Returns the time left until a deadline, for [`timeout`].
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
        // Unconstrained: a future that is always ready uses up the task's coop budget, without which the
        // timer never fires.
        pin!(unconstrained(timer.as_mut())).poll(cx).map(|()| Err(Elapsed(limit)))
    }
}

/// The error of a future that exceeded its time limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elapsed(Duration);

impl Elapsed {
    pub(crate) fn after(limit: Duration) -> Self {
        Self(limit)
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timed out after {:?}", self.0)
    }
}

impl Error for Elapsed {}
