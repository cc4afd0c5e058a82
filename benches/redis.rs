//! The cost of deduplication in Redis, on a server that the benchmark starts.
//!
//! ```text
//! cargo bench --features redis --bench redis
//! cargo bench --features redis --bench redis -- --quick    # a few rounds only
//! ```
//!
//! The *base* is the work that every implementation needs: the scripts that claim and complete a
//! delivery, sent by a bare `redis` client over one connection, with the same number of concurrent
//! deliveries. The columns `layer`, `store alone` and `bare client` (the base) take turns in many short
//! rounds. Each figure is the median of the rounds, and the ratio is the median of the rounds' ratios.
//! In every column, each request is created and signed right before it is handled, as if a server had
//! just read it. Requests created beforehand by another thread would cost more to read and to free than
//! to verify.
//!
//! The benchmark and the Redis server share the machine's cores. If the cores are busy, as with many
//! concurrent deliveries on two cores, the ratio includes the cost of verification. The column
//! `store alone` shows the cost of Redis without the layer.
//!
//! Missed goals are printed but do not fail the run, because timings vary. `tests/redis` checks that
//! a delivery takes two round trips.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

use std::time::Duration;

use data_encoding::HEXLOWER;
use redis::{Client, Cmd, IntoConnectionInfo, aio::ConnectionManager, io::tcp::TcpSettings};
use sha1::{Digest, Sha1};
use tower_webhook::store::Token;

mod common;
#[allow(dead_code, reason = "only the tests use the rest")]
#[path = "../tests/redis/server.rs"]
mod server;

use common::{LEASE, WINDOW, head, rates, rounds, row};
use server::Server;

fn main() {
    let rounds = rounds(3, 51);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::start().await;
        let bare = Bare::new(&server).await;
        head("deliveries per second", &["layer", "store alone", "bare client", "layer / bare"]);
        for at_once in [1, 16, 64, 256] {
            let (store, bare) = (server.store().await, bare.clone());
            let empty = async || server.run::<()>("FLUSHALL").await;
            let bare = move |key| bare.clone().claim_and_complete(key);
            let results = rates(rounds, at_once, empty, store, bare).await;
            row(&format!("{at_once:>3} concurrent"), &results, |[layer, _, bare]| layer / bare, Some(0.9));
        }
    });
}

#[derive(Clone)]
struct Bare {
    connection: ConnectionManager,
    claim: String,
    complete: String,
}

impl Bare {
    async fn new(server: &Server) -> Self {
        let digest = |script: &str| HEXLOWER.encode(&Sha1::digest(script));
        // Use the same TCP settings as the store.
        let tcp = TcpSettings::default().set_nodelay(true);
        let server = server.url().into_connection_info().unwrap().set_tcp_settings(tcp);
        let mut connection = ConnectionManager::new(Client::open(server).unwrap()).await.unwrap();
        let scripts =
            [include_str!("../src/store/redis/claim.lua"), include_str!("../src/store/redis/complete.lua")];
        for script in scripts {
            redis::cmd("SCRIPT").arg("LOAD").arg(script).exec_async(&mut connection).await.unwrap();
        }
        let [claim, complete] = scripts.map(digest);
        Self { connection, claim, complete }
    }

    async fn claim_and_complete(mut self, key: String) {
        let token = Token::mint().to_string();
        let command = |script: &str, time: Duration| {
            let mut command = Cmd::new();
            command.arg("EVALSHA").arg(script).arg(1).arg(&key).arg(&token);
            command.arg(u64::try_from(time.as_millis()).unwrap());
            command
        };
        let claimed: (u8, u64) = command(&self.claim, LEASE).query_async(&mut self.connection).await.unwrap();
        let completed: bool =
            command(&self.complete, WINDOW).query_async(&mut self.connection).await.unwrap();
        assert!(claimed.0 == 0 && completed);
    }
}
