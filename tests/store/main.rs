//! Stores in memory: the contract test, random operations that must match a model, and tests of `MokaStore` and
//! `CachedStore`. (`tests/redis/` and `tests/postgres/` test the other stores, and `tests/model/` concurrent threads.)
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cached;
mod contract;
mod keys;
mod machine;
mod memory;
mod model;
mod reference;

use std::time::Duration;

use tower_webhook::{ManualClock, store::MokaStore};

const LEASE: Duration = Duration::from_secs(30);

const WINDOW: Duration = Duration::from_secs(3600);

fn store_on(clock: &ManualClock, capacity: u64) -> MokaStore {
    MokaStore::new(capacity).clock(clock.clone())
}
