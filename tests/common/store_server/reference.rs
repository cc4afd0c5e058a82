//! Random operations on a store, whose results must match the reference model of a store.

use std::time::Duration;

use tower_webhook::{ManualClock, store::Store};

use super::StoreServer;
use crate::{common::NOW, machine, model::Allowance};

/// The unit of simulated time. It is far longer than the test, because real time passes on the server as well.
const UNIT: Duration = Duration::from_secs(1000);

/// Runs `cases` sequences of operations on a store that `adapt` makes of the server's.
pub fn matches_the_model<S: StoreServer, T: Store>(
    cases: u32,
    adapt: impl FnOnce(S::Store, ManualClock) -> T,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (server, clock) = (runtime.block_on(S::start()), ManualClock::at_unix(NOW));
    let store = adapt(runtime.block_on(server.store()), clock.clone());
    let advance = async |time| {
        clock.advance(time);
        server.advance(time).await;
    };
    machine::run(cases, |ops| {
        runtime.block_on(async {
            // Clear the server and expire a cache before each case.
            server.clear().await;
            clock.advance(UNIT);
            machine::judge(&store, advance, Allowance::none(UNIT), ops).await
        })
    });
}
