use std::{any::Any, future::pending, time::Duration};

use super::Held;
use crate::time::{beside, caught, within};

/// How a handler ended.
pub(crate) enum Ended<T> {
    Answered(T),
    TimedOut,
    Panicked(Box<dyn Any + Send>),
}

/// Runs `handler` for `limit` at most, and keeps its claim alive beside it. When this returns the
/// handler is dropped, and the claim not yet settled.
pub(crate) async fn run<H: Future>(handler: H, held: Option<&Held>, limit: Duration) -> Ended<H::Output> {
    let heartbeat = async {
        match held {
            Some(held) => held.keep_alive().await,
            None => pending().await,
        }
    };
    match within(limit, beside(caught(handler), heartbeat)).await {
        Ok(Ok(answer)) => Ended::Answered(answer),
        Ok(Err(panic)) => Ended::Panicked(panic),
        Err(_) => Ended::TimedOut,
    }
}
