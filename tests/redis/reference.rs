//! Random operations on `RedisStore` and its scripts, whose results must match the reference model of a store.

use std::time::Duration;

use tower_webhook::{
    ManualClock,
    store::{CachedStore, RedisStore, Store},
};

use crate::{machine, model::Allowance, server::Server};

/// The unit of simulated time. It is far longer than the test, because real time passes on the server as well.
const UNIT: Duration = Duration::from_secs(1000);

fn on_a_server<S: Store>(store: impl Fn(RedisStore, ManualClock) -> S) {
    let allowance = Allowance::none(UNIT);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (server, clock) = (runtime.block_on(Server::start()), ManualClock::at_unix(1_700_000_000));
    let store = store(runtime.block_on(server.store()), clock.clone());
    let advance = async |time| {
        clock.advance(time);
        server.advance(time).await;
    };
    machine::run(300, |ops| {
        runtime.block_on(async {
            // Clear the server and expire the cache before each case.
            server.run::<()>("FLUSHALL").await;
            clock.advance(UNIT);
            machine::judge(&store, advance, allowance, ops).await
        })
    });
}

#[test]
fn the_scripts_match_the_model() {
    on_a_server(|store, _| store);
}

#[test]
fn a_cached_store_matches_the_model() {
    on_a_server(|store, clock| CachedStore::new(store, 100).clock(clock));
}
