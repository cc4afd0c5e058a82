use std::{any::Any, future::pending, time::Duration};

use super::Held;
use crate::time::{Caught, Elapsed, beside, within};

/// How a handler ended: with an answer, in a panic, or not in time.
pub(crate) type Ended<T> = Result<Result<T, Box<dyn Any + Send>>, Elapsed>;

/// Waits for `handler`, for `limit` at most, and keeps its claim alive beside it. When this is
/// ready the claim is not yet settled.
pub(crate) fn run<H: Future>(
    handler: Caught<H>,
    held: Option<&Held>,
    limit: Duration,
) -> impl Future<Output = Ended<H::Output>> {
    let heartbeat = async move {
        match held {
            Some(held) => held.keep_alive().await,
            None => pending().await,
        }
    };
    within(limit, beside(handler, heartbeat))
}
