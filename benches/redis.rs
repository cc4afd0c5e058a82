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

use std::{env, hint::black_box, time::Duration};

use data_encoding::HEXLOWER;
use redis::{Client, Cmd, IntoConnectionInfo, aio::ConnectionManager, io::tcp::TcpSettings};
use sha1::{Digest, Sha1};
use tower_webhook::store::{Claim, Key, RedisStore, Store, Token};

#[allow(dead_code, reason = "another benchmark uses the rest")]
mod common;
#[allow(dead_code, reason = "only the tests use the rest")]
#[path = "../tests/redis/server.rs"]
mod server;

use common::{handle, id, median, rate, service, signed};
use server::Server;

/// Deliveries in a round.
const ROUND: usize = 2000;
const LEASE: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_secs(8 * 86_400);

fn main() {
    // `cargo bench` passes `--bench`. `cargo test` does not, and runs a few rounds only.
    let is_given = |wanted: &str| env::args().any(|argument| argument == wanted);
    let rounds = if is_given("--quick") || !is_given("--bench") { 3 } else { 51 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::start().await;
        println!(
            "{:<34} {:>12} {:>12} {:>12} {:>7}  goal",
            "deliveries per second", "layer", "store alone", "bare client", "ratio"
        );
        for at_once in [1, 16, 64, 256] {
            rates(&server, at_once, rounds).await;
        }
    });
}

async fn rates(server: &Server, at_once: usize, rounds: usize) {
    let (store, bare) = (server.store().await, Bare::new(server).await);
    let service = service(store.clone());
    let mut results = Vec::new();
    // The first round has cold caches and does not count.
    for round in 0..=rounds {
        let ids = || (round * ROUND..(round + 1) * ROUND).map(|n| id(at_once, n));
        let layer = async || {
            let service = service.clone();
            rate(at_once, ids(), move |id| handle(service.clone(), signed(&id))).await
        };
        let alone = async || {
            let store = store.clone();
            rate(at_once, ids(), move |id| {
                drop(black_box(signed(&id)));
                claim_and_complete(store.clone(), Key::new("store", &id))
            })
            .await
        };
        let base = async || {
            let bare = bare.clone();
            rate(at_once, ids(), move |id| {
                drop(black_box(signed(&id)));
                bare.clone().claim_and_complete(format!("bare:standard:{id}"))
            })
            .await
        };
        // Alternate the order of the columns.
        results.push(if round % 2 == 0 {
            [layer().await, alone().await, base().await]
        } else {
            let (base, alone) = (base().await, alone().await);
            [layer().await, alone, base]
        });
        server.run::<()>("FLUSHALL").await;
    }
    results.remove(0);
    let [layer, alone, base] = [0, 1, 2].map(|column| median(&results, |it| it[column]));
    let ratio = median(&results, |[layer, _, base]| layer / base);
    let verdict = if ratio >= 0.9 { "ok" } else { "MISSED" };
    println!(
        "{at_once:>3} concurrent {:19} {layer:>12.0} {alone:>12.0} {base:>12.0} {ratio:>7.3}  0.90 {verdict}",
        ""
    );
}

// The store without the layer, and the bare client.

async fn claim_and_complete(store: RedisStore, key: Key) {
    let token = Token::mint();
    let claim = store.claim(&key, &token, LEASE).await.unwrap();
    assert!(matches!(claim, Claim::Acquired { .. }));
    assert!(store.complete(&key, &token, WINDOW).await.unwrap());
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
