//! What the stores in memory share between threads, under names that are a model's when the crate is
//! built with `--cfg shuttle`: `tests/model/` then plays the interleavings of the threads.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
