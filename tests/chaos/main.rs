//! The chaos test: a provider sends each event several times to replicas that share a Redis or PostgreSQL server.
//! Meanwhile handlers fail, hang and panic, and replicas and the server are killed and suspended. Afterwards the test
//! compares the ledger of the handlers with the responses that the provider received.
//!
//! * No event is lost: each is acknowledged in the end, and one of its runs succeeded.
//! * No event is acknowledged before one of its runs has succeeded.
//! * Two runs of an event overlap only if the first owner was cut off from the store until its lease expired.
//! * An event runs again only if its previous run failed, if the replica died before it settled that run, or if the
//!   run's owner was cut off until the lease expired. An event never runs again after it was completed.
//! * Every response is correct: it reports a duplicate, a delivery in progress or an unavailable store only if that is
//!   the actual state.
//!
//! On Postgres, the effects are rows of a table in the same database. Each handler inserts its effect in the transaction
//! that completes its delivery. Then the check is stricter, without any exceptions:
//!
//! * Each event has exactly one effect.
//! * No run of an event begins after its effect was committed.
//! * The layer reports a run as completed if and only if its effect was committed.
//!
//! The decisions of the provider, the handlers and the fault injection follow from a seed. Their timing does not, so
//! the same seed repeats the decisions but not the exact run. To replay a seed, or to run for longer:
//!
//! ```sh
//! CHAOS_SEED=… cargo test --all-features --test chaos
//! CHAOS_EVENTS=100000 CHAOS_MINUTES=20 cargo test --all-features --test chaos -- --nocapture
//! ```
//!
//! `CHAOS_STORE`, which is `redis` or `postgres`, selects one store. By default, both run, one after the other.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod bites;
mod check;
#[path = "../common/mod.rs"]
mod common;
mod effects;
mod faults;
mod fleet;
mod ledger;
mod plan;
#[allow(dead_code, reason = "the tests of `PostgresStore` use the rest")]
#[path = "../postgres/server.rs"]
mod postgres_server;
mod provider;
mod random;
#[allow(dead_code, reason = "the tests of `RedisStore` use the rest")]
#[path = "../redis/server.rs"]
mod redis_server;
mod replica;
mod store_server;
mod story;
mod summary;
#[allow(dead_code, reason = "the tests of `PostgresStore` use the rest")]
#[path = "../postgres/tools.rs"]
mod tools;

use std::{
    collections::{BTreeMap, HashSet},
    env, fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    join,
    sync::{Mutex as AsyncMutex, Semaphore},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    check::{History, Span, Store},
    common::setting,
    faults::{Fault, Injector, watch},
    fleet::Fleet,
    ledger::{Line, Note, now, read},
    provider::Provider,
    store_server::StoreServer,
    story::tell,
    summary::Summary,
};

/// Short, so that it expires often.
const LEASE: Duration = Duration::from_millis(1500);
/// Twice the lease, so that slow handlers depend on extended leases.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(3);
const REPLICAS: u32 = 4;
/// The provider's limit of concurrent events. Lower on Postgres: while hundreds of calls wait for connections after an
/// outage, they time out, and each timed-out call replaces its connection.
const fn at_once(store: Store) -> usize {
    match store {
        Store::Redis => 500,
        Store::Postgres => 200,
    }
}
const DUPLICATES_AT_ONCE: usize = 32;
/// The time limit for pending events after the last fault, and for pending settlements at the end.
const DRAINING: Duration = Duration::from_secs(90);

/// A directory that is removed on drop.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Serializes the runs, which would otherwise compete for the processor.
static ONE_AT_A_TIME: AsyncMutex<()> = AsyncMutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_handled_despite_faults() {
    run_and_check(Store::Redis, "redis").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_has_exactly_one_effect_in_postgres_despite_faults() {
    run_and_check(Store::Postgres, "postgres").await;
}

async fn run_and_check(store: Store, name: &str) {
    if let Ok(chosen) = env::var("CHAOS_STORE") {
        assert!(["redis", "postgres"].contains(&&*chosen), "CHAOS_STORE is unknown: {chosen}");
        if chosen != name {
            return;
        }
    }
    let _turn = ONE_AT_A_TIME.lock().await;
    let seed = setting("CHAOS_SEED").unwrap_or_else(|| now() % 1_000_000);
    let events = setting("CHAOS_EVENTS").map_or(400, |events| u32::try_from(events).unwrap());
    let minutes = setting("CHAOS_MINUTES");
    let sending = minutes.map_or(Duration::from_secs(15), |minutes| Duration::from_secs(60 * minutes));
    let minutes = minutes.map_or(String::new(), |minutes| format!("CHAOS_MINUTES={minutes} "));
    let replay = format!(
        "CHAOS_STORE={name} CHAOS_SEED={seed} CHAOS_EVENTS={events} {minutes}cargo test --all-features --test chaos"
    );
    println!("To replay the decisions of this run (their scheduling may differ): {replay}");

    let (history, summary) = run(store, seed, events, sending).await;
    let report = history.check();
    println!("{}", summary.tell(&history, &report));
    if report.violations.is_empty() && summary.ended.is_empty() {
        return;
    }
    summary.ended.iter().for_each(|ended| println!("{ended}"));
    let mut kinds: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for violation in &report.violations {
        kinds.entry(violation.what).or_default().push(violation.event);
    }
    for (what, events) in &kinds {
        println!("{what}: {} times", events.len());
        for event in events.iter().take(3) {
            println!("event {event}:\n{}", tell(&history, *event));
        }
    }
    assert!(summary.ended.is_empty(), "replicas exited without being killed\nTo replay: {replay}");
    panic!("{:#?}\nTo replay: {replay}", kinds.keys());
}

async fn run(store: Store, seed: u64, events: u32, sending: Duration) -> (History, Summary) {
    let directory = Directory(env::temp_dir().join(format!("chaos-{store}-{}", std::process::id())));
    fs::create_dir(&directory.0).unwrap();
    let ledger = directory.0.join("ledger");
    let mut server = StoreServer::start(store).await;
    let fleet = Arc::new(Fleet::start(REPLICAS, seed, server.url(), ledger.clone()).await);
    let provider = Arc::new(Provider::new(seed, events, Arc::clone(&fleet)));
    let outages = Arc::new(Mutex::new(Vec::new()));
    let injector = Injector {
        seed,
        fleet: Arc::clone(&fleet),
        over: AtomicBool::new(false),
        inflicted: Mutex::default(),
    };

    // Dropping the set stops its tasks, also when the test fails.
    let mut watching = JoinSet::new();
    watching.spawn(watch(server.probe(), Arc::clone(&outages)));
    let (began, places) = (Instant::now(), Arc::new(Semaphore::new(at_once(store))));
    let mut under_way = JoinSet::new();
    let sending = async {
        for event in 0..events {
            sleep_until(began + sending * event / events).await;
            let (provider, place) = (Arc::clone(&provider), Arc::clone(&places).acquire_owned().await);
            under_way.spawn(async move {
                provider.send(event).await;
                drop(place);
            });
            while let Some(sent) = under_way.try_join_next() {
                sent.unwrap();
            }
        }
        injector.over.store(true, Ordering::Relaxed);
    };
    join!(sending, injector.against_replicas(), injector.against_store(&mut server));
    let sent_in = began.elapsed();

    // The check reports events that did not finish in time.
    let _ = timeout(DRAINING, under_way.join_all()).await;
    let drained_in = began.elapsed();
    let slots = Arc::new(Semaphore::new(DUPLICATES_AT_ONCE));
    let mut last_duplicates = JoinSet::new();
    for event in 0..events {
        let (provider, place) = (Arc::clone(&provider), Arc::clone(&slots).acquire_owned().await);
        last_duplicates.spawn(async move {
            provider.send_last_duplicate(event).await;
            drop(place);
        });
    }
    last_duplicates.join_all().await;
    let lasted = began.elapsed();
    fleet.note_all_ended().await;
    let deaths = fleet.deaths.lock().unwrap().clone();
    let settled = async {
        while !all_settled(&read(&ledger), &deaths) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let _ = timeout(DRAINING, settled).await;

    let inflicted = injector.inflicted.lock().unwrap().clone();
    let suspensions = inflicted.iter().filter(|it| it.fault == Fault::ReplicaSuspended);
    let mut lines = read(&ledger);
    lines.extend(server.effects().await);
    let history = History {
        store,
        events,
        lines,
        attempts: provider.attempts(),
        deaths,
        suspensions: suspensions.map(|it| (it.replica.unwrap(), it.span)).collect(),
        outages: outages.lock().unwrap().clone(),
    };
    let ended = fleet.ended.lock().unwrap().clone();
    (history, Summary { seed, inflicted, sent_in, drained_in, lasted, ended })
}

/// Returns whether every run in a live replica has been settled.
fn all_settled(lines: &[Line], deaths: &BTreeMap<u32, Span>) -> bool {
    let mut running = HashSet::new();
    for line in lines.iter().filter(|line| !deaths.contains_key(&line.replica)) {
        match line.note {
            Note::Start(run, _) => drop(running.insert(run)),
            Note::Settled(run, _) => drop(running.remove(&run)),
            _ => {}
        }
    }
    running.is_empty()
}
