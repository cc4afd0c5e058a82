//! The scripts are asked at random, and must answer as the model of a store does.

use std::time::Duration;

use tower_webhook::{
    ManualClock,
    store::{CachedStore, RedisStore, Store},
};

use crate::{machine, model::Allowance, server::Server};

/// Its time passes in steps that are far longer than the test, whose own time passes as well.
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
            // Nothing is left of the case before, nor in a cache.
            server.run::<()>("FLUSHALL").await;
            clock.advance(UNIT);
            machine::judge(&store, advance, allowance, ops).await
        })
    });
}

#[test]
fn the_scripts() {
    on_a_server(|store, _| store);
}

#[test]
fn a_cache_before_them() {
    on_a_server(|store, clock| CachedStore::new(store, 100).clock(clock));
}
