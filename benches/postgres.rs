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
    hint::black_box,
    ops::Range,
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
    store::{PostgresStore, Token},
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

use common::{LEASE, ROUND, WINDOW, handle, head, rate, rates, row, service, signed, standard, take_rounds};
use server::Server;

/// PostgreSQL's default; the servers of the tests have less.
const BUFFERS: &str = "shared_buffers=128MB";
const INSERT: &str = "INSERT INTO effects VALUES ($1)";

fn main() {
    let (rounds, keys) = (common::rounds(3, 31), common::rounds(10_000, 100_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = start(&[BUFFERS]).await;
        head("deliveries per second", &["layer", "store alone", "bare sqlx", "store / bare"]);
        for at_once in [1, 16, 64] {
            let pool = server.pool().await;
            let (store, bare) = (PostgresStore::new(pool.clone()), Bare::new(pool));
            let bare = move |key| bare.clone().claim_and_complete(key);
            let results = rates(rounds, at_once, async || empty(&server).await, store, bare).await;
            row(&format!("{at_once:>3} concurrent"), &results, |[_, store, bare]| store / bare, Some(0.9));
        }
        head("completed in a transaction", &["layer", "bare sqlx", "ratio"]);
        for at_once in [1, 16] {
            deliveries_with_transaction(&server, at_once, rounds).await;
        }
        for at_once in [1, 16] {
            transactions(&server, at_once, rounds).await;
        }
        head("beside Redis, deliveries/s", &["PostgreSQL", "Redis", "ratio"]);
        let redis = redis_server::Server::start().await;
        for at_once in [1, 16, 64] {
            beside_redis("in memory", &server, &redis, at_once, rounds).await;
        }
        let server = start(&[BUFFERS, "fsync=on"]).await;
        let redis = redis_server::Server::start_with("--appendonly yes --appendfsync always").await;
        for at_once in [1, 16, 64] {
            beside_redis("flushed to disk", &server, &redis, at_once, rounds).await;
        }
        head("bytes per completed key", &["table", "indexes", "total"]);
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

/// Measures deliveries that their handler completes in a transaction with one effect. Bare sqlx claims, and runs the
/// same transaction. It does not ask afterwards whether the transaction was committed.
async fn deliveries_with_transaction(server: &Server, at_once: usize, rounds: usize) {
    let (pool, bare) = (server.pool().await, Bare::new(server.pool().await));
    let service = completing(server.store().await, pool.clone(), None);
    let results = take_rounds(rounds, async |column| {
        empty(server).await;
        let (service, bare, pool) = (service.clone(), bare.clone(), pool.clone());
        match column {
            0 => rate(at_once, 0..ROUND, move |id| complete(service.clone(), id)).await,
            _ => {
                rate(at_once, 0..ROUND, move |id| bare.clone().claim_and_complete_in(pool.clone(), id)).await
            }
        }
    });
    let label = format!("{at_once:>3} concurrent, deliveries/s");
    row(&label, &results.await, |[layer, bare]| layer / bare, None);
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
        rate(at_once, 0..ROUND, move |id| complete(service.clone(), id)).await;
        let micros = |time: &AtomicU64| time.swap(0, Ordering::Relaxed) as f64 / ROUND as f64 / 1e3;
        results.push([&times.own, &times.bare].map(micros));
    }
    let label = format!("{at_once:>3} concurrent, µs per transaction");
    row(&label, &results[1..], |[own, bare]| bare / own, Some(0.9));
}

async fn beside_redis(
    name: &str,
    server: &Server,
    redis: &redis_server::Server,
    at_once: usize,
    rounds: usize,
) {
    let services =
        [service(&standard().dedupe(server.store().await)), service(&standard().dedupe(redis.store().await))];
    let results = take_rounds(rounds, async |column| {
        empty(server).await;
        redis.run::<()>("FLUSHALL").await;
        let service = services[column].clone();
        rate(at_once, 0..ROUND, move |id| handle(service.clone(), id)).await
    });
    let label = format!("{at_once:>3} concurrent, {name}");
    row(&label, &results.await, |[own, other]| own / other, None);
}

async fn sizes(keys: usize) {
    let server = start(&[BUFFERS]).await;
    server.run("ALTER TABLE webhook_deliveries SET (autovacuum_enabled = false)").await;
    let service = service(&standard().dedupe(server.store().await));
    let write = async |numbers: Range<usize>| {
        let service = service.clone();
        rate(16, numbers, move |id| handle(service.clone(), id)).await;
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
    write(0..keys).await;
    print("never vacuumed").await;
    server.run("VACUUM FULL webhook_deliveries").await;
    print("compact (`VACUUM FULL`)").await;
    empty(&server).await;
    for tenth in 0..10 {
        write(tenth * keys / 10..(tenth + 1) * keys / 10).await;
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
    let layer = standard().dedupe(store.clone());
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

// Bare sqlx.

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

    async fn claim_and_complete_in(self, pool: PgPool, id: String) {
        drop(black_box(signed(&id)));
        let claimed = self.claim(format!("standard:{id}")).await;
        self.complete_in(&pool, &claimed, &id).await;
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
