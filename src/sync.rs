//! Synchronization primitives of the stores in memory. With `--cfg shuttle` they are those of a model
//! checker: `tests/model/` then explores thread interleavings.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
