//! Synchronization primitives of the stores in memory. With `--cfg shuttle`, the primitives of the model
//! checker `shuttle` replace those of `std`, so that `tests/model/` can explore thread interleavings.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
