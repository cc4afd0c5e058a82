//! The scripts are asked at random, and must answer as the model of a store does.

use std::time::Duration;

use tower_webhook::store::{RedisStore, Store};

use crate::{machine, model::Allowance, server::Server};

/// Its time passes in steps that are far longer than the test, whose own time passes as well.
const UNIT: Duration = Duration::from_secs(1000);

fn on_a_server<S: Store>(allowance: Allowance, store: impl Fn(RedisStore) -> S) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start());
    let store = store(runtime.block_on(server.store()));
    machine::run(300, |ops| {
        runtime.block_on(async {
            server.run::<()>("FLUSHALL").await;
            machine::judge(&store, async |time| server.advance(time).await, allowance, ops).await
        })
    });
}

#[test]
fn the_scripts() {
    on_a_server(Allowance { drift: UNIT, ..Allowance::none(UNIT) }, |store| store);
}
