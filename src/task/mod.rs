//! Helpers for futures: time limits, panics, heartbeats, and tasks that outlive their request.
//!
//! They are structs, because an `async fn` stores a future argument twice: as an argument, and pinned.

mod catch_unwind;
mod drain;
mod run;
mod timeout;

use std::pin::Pin;

pub use self::drain::Drain;
pub(crate) use self::{
    catch_unwind::{CatchUnwind, call, catch_unwind},
    drain::Tasks,
    run::{RunEnd, run},
    timeout::{Elapsed, left_until, timeout},
};

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Boxes a rarely used future, so that the future of each request stays small.
#[cold]
#[inline(never)]
pub(crate) fn rarely<F>(future: F) -> Pin<Box<F>> {
    Box::pin(future)
}
