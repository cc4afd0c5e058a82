//! Random operations on the stores in memory, which must return the same results as a model of a store.

use std::time::Duration;

use proptest::test_runner::TestCaseResult;
use tower_webhook::{
    ManualClock,
    store::{CachedStore, MokaStore, Store},
};

use crate::{
    machine::{self, judge},
    model::Allowance,
};

const CASES: u32 = 500;
const UNIT: Duration = Duration::from_secs(30);

fn on_a_clock<S: Store>(allowance: Allowance, store: impl Fn(ManualClock) -> S) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    machine::run(CASES, |ops| -> TestCaseResult {
        let clock = ManualClock::at_unix(1_700_000_000);
        let store = store(clock.clone());
        runtime.block_on(judge(&store, async |time| clock.advance(time), allowance, ops))
    });
}

#[test]
fn the_memory_store() {
    on_a_clock(Allowance::none(UNIT), |clock| MokaStore::new(1000).clock(clock));
}

#[test]
fn a_memory_store_over_its_capacity() {
    let allowance = Allowance { evicts: true, ..Allowance::none(UNIT) };
    on_a_clock(allowance, |clock| MokaStore::new(1).clock(clock));
}

#[test]
fn a_cached_memory_store() {
    let allowance = Allowance { late: Duration::from_secs(60), ..Allowance::none(UNIT) };
    on_a_clock(allowance, |clock| {
        CachedStore::new(MokaStore::new(1000).clock(clock.clone()), 100).clock(clock)
    });
}
