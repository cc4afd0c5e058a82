//! The cost of deduplication in PostgreSQL, on a server that the benchmark starts.
//!
//! ```text
//! cargo bench --features postgres,redis --bench postgres
//! cargo bench --features postgres,redis --bench postgres -- --quick    # a few rounds only
//! ```
//!
//! The *base* is the work that every implementation needs: the statements that claim and complete a
//! delivery, sent by bare `sqlx` with the same text and over a pool of the same size. The columns `layer`,
//! `store alone` and `bare sqlx` (the base) take turns in many short rounds, each with an empty table. Each
//! figure is the median of the rounds, and a ratio is the median of the rounds' ratios. In every column, each
//! request is created and signed right before it is handled, as in the benchmark `redis`.
//!
//! The benchmark and the server share the machine's cores. Unless a line says otherwise, the server does not
//! wait for the disk, because such a wait would hide the cost of the store.
//!
//! Missed goals are printed but do not fail the run, because timings vary. `tests/postgres` checks that a
//! delivery takes two statements.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

use std::{
    convert::Infallible,
    env,
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use sqlx::{
    PgPool, Postgres, Row, Transaction,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_webhook::{
    Body, Delivery, WebhookService,
    store::{Claim, Key, PostgresStore, Store, Token},
};

mod common;
#[allow(dead_code, reason = "only the tests use the rest")]
#[path = "../tests/redis/server.rs"]
mod redis_server;
#[allow(dead_code, reason = "only the tests use the rest")]
#[path = "../tests/postgres/server.rs"]
mod server;
#[path = "../tests/postgres/tools.rs"]
mod tools;

use common::{handle, id, layer, median, rate, service, signed};
use server::Server;

/// Deliveries in a round.
const ROUND: usize = 1000;
const LEASE: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_secs(8 * 86_400);
/// PostgreSQL's default; the servers of the tests have less.
const BUFFERS: &str = "shared_buffers=128MB";
const INSERT: &str = "INSERT INTO effects VALUES ($1)";

fn main() {
    // `cargo bench` passes `--bench`. `cargo test` does not, and runs a few rounds only.
    let is_given = |wanted: &str| env::args().any(|argument| argument == wanted);
    let (rounds, keys) =
        if is_given("--quick") || !is_given("--bench") { (3, 10_000) } else { (31, 100_000) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = start(&[BUFFERS]).await;
        println!(
            "{:<34} {:>12} {:>12} {:>12} {:>7}  goal",
            "deliveries per second", "layer", "store alone", "bare sqlx", "ratio"
        );
        for at_once in [1, 16, 64] {
            rates(&server, at_once, rounds).await;
        }
        println!(
            "\n{:<34} {:>12} {:>12} {:>12} {:>7}  goal",
            "completed in a transaction", "layer", "", "bare sqlx", "ratio"
        );
        for at_once in [1, 16] {
            deliveries_with_transaction(&server, at_once, rounds).await;
        }
        for at_once in [1, 16] {
            transactions(&server, at_once, rounds).await;
        }
        println!(
            "\n{:<34} {:>12} {:>12} {:>7}",
            "beside Redis, deliveries/s", "PostgreSQL", "Redis", "ratio"
        );
        let redis = redis_server::Server::start().await;
        for at_once in [1, 16, 64] {
            beside_redis("in memory", &server, &redis, at_once, rounds).await;
        }
        let server = start(&[BUFFERS, "fsync=on"]).await;
        let redis = redis_server::Server::start_with("--appendonly yes --appendfsync always").await;
        for at_once in [1, 16, 64] {
            beside_redis("flushed to disk", &server, &redis, at_once, rounds).await;
        }
        println!("\n{:<34} {:>12} {:>12} {:>12}", "bytes per completed key", "table", "indexes", "total");
        sizes(keys).await;
    });
}

async fn start(settings: &[&str]) -> Server {
    let server = Server::start_with(settings).await;
    server.run("CREATE TABLE effects (id text NOT NULL)").await;
    server
}

async fn empty(server: &Server) {
    server.run("TRUNCATE webhook_deliveries, effects").await;
}

async fn rates(server: &Server, at_once: usize, rounds: usize) {
    let pool = server.pool().await;
    let (store, bare) = (PostgresStore::new(pool.clone()), Bare::new(pool));
    let service = service(store.clone());
    let mut results = Vec::new();
    // The first round has cold caches and does not count.
    for round in 0..=rounds {
        let ids = || (0..ROUND).map(|n| id(at_once, n));
        let mut result = [0.0; 3];
        // Alternate the order of the columns.
        for column in (0..3).map(|column| (round + column) % 3) {
            empty(server).await;
            result[column] = match column {
                0 => {
                    let service = service.clone();
                    rate(at_once, ids(), move |id| handle(service.clone(), signed(&id))).await
                }
                1 => {
                    let store = store.clone();
                    rate(at_once, ids(), move |id| {
                        drop(black_box(signed(&id)));
                        claim_and_complete(store.clone(), Key::new("standard", &id))
                    })
                    .await
                }
                _ => {
                    let bare = bare.clone();
                    rate(at_once, ids(), move |id| {
                        drop(black_box(signed(&id)));
                        bare.clone().claim_and_complete(format!("standard:{id}"))
                    })
                    .await
                }
            };
        }
        results.push(result);
    }
    results.remove(0);
    let [layer, alone, base] = [0, 1, 2].map(|column| median(&results, |it| it[column]));
    let ratio = median(&results, |[_, alone, base]| alone / base);
    println!(
        "{at_once:>3} concurrent {:19} {layer:>12.0} {alone:>12.0} {base:>12.0} {ratio:>7.3}  {}",
        "",
        goal(ratio)
    );
}

fn goal(ratio: f64) -> &'static str {
    if ratio >= 0.9 { "0.90 ok" } else { "0.90 MISSED" }
}

/// Measures deliveries that their handler completes in a transaction with one effect. Bare sqlx claims, and runs the
/// same transaction. It does not ask afterwards whether the transaction was committed.
async fn deliveries_with_transaction(server: &Server, at_once: usize, rounds: usize) {
    let (pool, bare) = (server.pool().await, Bare::new(server.pool().await));
    let service = completing(server.store().await, pool.clone(), None);
    let mut results = Vec::new();
    for round in 0..=rounds {
        let mut result = [0.0; 2];
        for column in (0..2).map(|column| (round + column) % 2) {
            empty(server).await;
            let ids = (0..ROUND).map(|n| id(at_once, n));
            result[column] = match column {
                0 => {
                    let service = service.clone();
                    rate(at_once, ids, move |id| complete(service.clone(), id)).await
                }
                _ => {
                    let (bare, pool) = (bare.clone(), pool.clone());
                    rate(at_once, ids, move |id| {
                        drop(black_box(signed(&id)));
                        let (bare, pool) = (bare.clone(), pool.clone());
                        async move {
                            let claimed = bare.claim(format!("standard:{id}")).await;
                            bare.complete_in(&pool, &claimed, &id).await;
                        }
                    })
                    .await
                }
            };
        }
        results.push(result);
    }
    results.remove(0);
    let [layer, bare] = [0, 1].map(|column| median(&results, |it| it[column]));
    let ratio = median(&results, |[layer, bare]| layer / bare);
    println!(
        "{at_once:>3} concurrent, deliveries/s {:6} {layer:>12.0} {:>12} {bare:>12.0} {ratio:>7.3}",
        "", ""
    );
}

/// Measures the transaction alone, from `begin` to the end of `commit`. Each handler runs it with `complete_in` and
/// with bare sqlx, in alternating order.
async fn transactions(server: &Server, at_once: usize, rounds: usize) {
    let times = Arc::new(Times::new(server.pool().await));
    let service = completing(server.store().await, server.pool().await, Some(Arc::clone(&times)));
    let mut results = Vec::new();
    for _ in 0..=rounds {
        empty(server).await;
        let service = service.clone();
        let ids = (0..ROUND).map(|n| id(at_once, n));
        rate(at_once, ids, move |id| complete(service.clone(), id)).await;
        results.push([&times.own, &times.bare].map(|time| time.swap(0, Ordering::Relaxed) as f64));
    }
    results.remove(0);
    let micros = |column: usize| median(&results, |it| it[column]) / ROUND as f64 / 1e3;
    let (own, bare) = (micros(0), micros(1));
    let ratio = median(&results, |[own, bare]| bare / own);
    println!(
        "{at_once:>3} concurrent, transaction alone {:1} {own:>9.0} µs {:>12} {bare:>9.0} µs {ratio:>7.3}  {}",
        "",
        "",
        goal(ratio)
    );
}

async fn beside_redis(
    name: &str,
    server: &Server,
    redis: &redis_server::Server,
    at_once: usize,
    rounds: usize,
) {
    let (own, other) = (service(server.store().await), service(redis.store().await));
    let mut results = Vec::new();
    for round in 0..=rounds {
        let mut result = [0.0; 2];
        for column in (0..2).map(|column| (round + column) % 2) {
            empty(server).await;
            redis.run::<()>("FLUSHALL").await;
            let service = [&own, &other][column].clone();
            let ids = (0..ROUND).map(|n| id(at_once, n));
            result[column] = rate(at_once, ids, move |id| handle(service.clone(), signed(&id))).await;
        }
        results.push(result);
    }
    results.remove(0);
    let [own, other] = [0, 1].map(|column| median(&results, |it| it[column]));
    let ratio = median(&results, |[own, other]| own / other);
    println!("{at_once:>3} concurrent, {name:18} {own:>12.0} {other:>12.0} {ratio:>7.3}");
}

async fn sizes(keys: usize) {
    let server = start(&[BUFFERS]).await;
    server.run("ALTER TABLE webhook_deliveries SET (autovacuum_enabled = false)").await;
    let service = service(server.store().await);
    let write = async |from: usize, to: usize| {
        let service = service.clone();
        let ids = (from..to).map(|n| id(0, n));
        rate(16, ids, move |id| handle(service.clone(), signed(&id))).await;
    };
    let print = async |name: &str| {
        let size = async |function| {
            let bytes = format!("SELECT {function}('webhook_deliveries')");
            server.get::<i64>(&bytes).await as f64 / keys as f64
        };
        let (table, indexes) = (size("pg_table_size").await, size("pg_indexes_size").await);
        let total = size("pg_total_relation_size").await;
        println!("{name:<34} {table:>12.0} {indexes:>12.0} {total:>12.0}");
    };
    write(0, keys).await;
    print("never vacuumed").await;
    server.run("VACUUM FULL webhook_deliveries").await;
    print("compact (`VACUUM FULL`)").await;
    empty(&server).await;
    for tenth in 0..10 {
        write(tenth * keys / 10, (tenth + 1) * keys / 10).await;
        server.run("VACUUM webhook_deliveries").await;
    }
    print("vacuumed ten times").await;
}

// The layer with handlers that complete their deliveries.

type Completing = WebhookService<BoxCloneSyncService<Request<Body>, Response<Empty<Bytes>>, Infallible>>;

/// The nanoseconds of all transactions.
struct Times {
    bare_client: Bare,
    turn: AtomicU64,
    own: AtomicU64,
    bare: AtomicU64,
}

impl Times {
    fn new(pool: PgPool) -> Self {
        Self { bare_client: Bare::new(pool), turn: 0.into(), own: 0.into(), bare: 0.into() }
    }
}

async fn timed(time: &AtomicU64, work: impl Future<Output = ()>) {
    let start = Instant::now();
    work.await;
    time.fetch_add(u64::try_from(start.elapsed().as_nanos()).unwrap(), Ordering::Relaxed);
}

/// Returns a service whose handler completes the delivery in a transaction with one effect. With `times`, the handler
/// also runs the same transaction with bare sqlx, for another key.
fn completing(store: PostgresStore, pool: PgPool, times: Option<Arc<Times>>) -> Completing {
    let layer = layer(store.clone());
    let handler = service_fn(move |request: Request<Body>| {
        let (store, pool, times) = (store.clone(), pool.clone(), times.clone());
        async move {
            let delivery = request.extensions().get::<Delivery>().unwrap();
            let id = delivery.id().unwrap();
            let own = async {
                let mut transaction = pool.begin().await.unwrap();
                store.complete_in(&mut transaction, delivery).await.unwrap();
                insert(&mut transaction, id).await;
                transaction.commit().await.unwrap();
            };
            match &times {
                Some(times) => {
                    let claimed = times.bare_client.claim(format!("bare:{id}")).await;
                    let own = timed(&times.own, own);
                    let bare = timed(&times.bare, times.bare_client.complete_in(&pool, &claimed, id));
                    if times.turn.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
                        own.await;
                        bare.await;
                    } else {
                        bare.await;
                        own.await;
                    }
                }
                None => own.await,
            }
            Ok(Response::new(Empty::new()))
        }
    });
    layer.layer(BoxCloneSyncService::new(handler))
}

async fn complete(service: Completing, id: String) {
    assert_eq!(service.oneshot(signed(&id)).await.unwrap().status(), 200);
}

async fn insert(transaction: &mut Transaction<'_, Postgres>, id: &str) {
    sqlx::query(INSERT).bind(id).execute(&mut **transaction).await.unwrap();
}

// The store without the layer, and bare sqlx.

async fn claim_and_complete(store: PostgresStore, key: Key) {
    let token = Token::mint();
    let claim = store.claim(&key, &token, LEASE).await.unwrap();
    assert!(matches!(claim, Claim::Acquired { .. }));
    assert!(store.complete(&key, &token, WINDOW).await.unwrap());
}

#[derive(Clone)]
struct Bare {
    pool: PgPool,
    statements: Arc<[String; 3]>,
}

impl Bare {
    fn new(pool: PgPool) -> Self {
        let statements = [
            include_str!("../src/store/postgres/claim.sql"),
            include_str!("../src/store/postgres/complete.sql"),
            include_str!("../src/store/postgres/complete_in.sql"),
        ];
        // The text of the store's statements, so that both share prepared statements.
        let quoted = |statement: &str| statement.replace("webhook_deliveries", "\"webhook_deliveries\"");
        Self { pool, statements: Arc::new(statements.map(quoted)) }
    }

    async fn claim_and_complete(self, key: String) {
        let claimed = self.claim(key).await;
        let complete = claimed.query(&self.statements[1], WINDOW);
        assert!(is_done(&complete.fetch_one(&self.pool).await.unwrap()));
    }

    async fn claim(&self, key: String) -> Claimed {
        let claimed = Claimed { key, token: Token::mint().to_bytes() };
        let row = claimed.query(&self.statements[0], LEASE).fetch_one(&self.pool).await.unwrap();
        assert!(row.get::<Option<i64>, _>(0).is_some() && !row.get::<bool, _>(1));
        claimed
    }

    async fn complete_in(&self, pool: &PgPool, claimed: &Claimed, id: &str) {
        let mut transaction = pool.begin().await.unwrap();
        let complete = claimed.query(&self.statements[2], WINDOW);
        assert!(is_done(&complete.fetch_one(&mut *transaction).await.unwrap()));
        insert(&mut transaction, id).await;
        transaction.commit().await.unwrap();
    }
}

struct Claimed {
    key: String,
    token: [u8; 16],
}

impl Claimed {
    fn query<'q>(&'q self, statement: &'q str, time: Duration) -> Query<'q, Postgres, PgArguments> {
        let micros = i64::try_from(time.as_micros()).unwrap();
        sqlx::query(statement).bind(&self.key).bind(&self.token[..]).bind(micros)
    }
}

fn is_done(row: &PgRow) -> bool {
    row.get::<&str, _>(0) == "done"
}
