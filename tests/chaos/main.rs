//! The chaos run: a provider sends events, each several times, to replicas that share a Redis, while
//! handlers fail, hang and panic, and replicas and Redis are killed and suspended. Afterwards the ledger
//! that the handlers kept is compared with what the provider was told.
//!
//! * No event is lost: each ends acknowledged, with a run that was completed.
//! * No event is acknowledged before a run of it was completed.
//! * No two runs of an event overlap, but where the first's owner was cut off from Redis past its lease.
//! * An event runs again only where the run before failed, where it was not settled because its replica
//!   died, or where its owner was cut off past its lease. Never once it was completed.
//! * Every answer is true: what is said to be a duplicate, in progress or unavailable is so.
//!
//! What the provider, the handlers and the faults do follows from a seed; how the system schedules them
//! does not, so that the same seed is the same test, but not the same run. To replay, or to run for long:
//!
//! ```sh
//! CHAOS_SEED=… cargo test --all-features --test chaos
//! CHAOS_EVENTS=100000 CHAOS_MINUTES=20 cargo test --all-features --test chaos -- --nocapture
//! ```
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
mod faults;
mod fleet;
mod ledger;
mod plan;
mod provider;
mod random;
mod replica;
#[allow(dead_code, reason = "it serves the tests of the store, too")]
#[path = "../redis/server.rs"]
mod server;
mod story;
mod summary;

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
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    check::{History, Span},
    faults::{Fault, Injector, watch},
    fleet::Fleet,
    ledger::{Line, Note, now, read},
    provider::Provider,
    server::Server,
    story::tell,
    summary::Summary,
};

/// Short, so that it runs out often.
const LEASE: Duration = Duration::from_millis(1500);
/// Twice that: what takes long has to extend its claim.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(3);
const REPLICAS: u32 = 4;
/// No more events than these are under way at once: the provider is limited, too.
const AT_ONCE: usize = 500;
const COPIES_AT_ONCE: usize = 32;
/// Once the faults are over, all that is still under way must end in this time.
const DRAINING: Duration = Duration::from_secs(90);

/// A setting of whoever runs this.
fn setting(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

/// Gone when dropped.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_handled_whatever_happens() {
    let seed = setting("CHAOS_SEED").unwrap_or_else(|| now() % 1_000_000);
    let events = setting("CHAOS_EVENTS").map_or(400, |events| u32::try_from(events).unwrap());
    let minutes = setting("CHAOS_MINUTES");
    let sending = minutes.map_or(Duration::from_secs(15), |minutes| Duration::from_secs(60 * minutes));
    let minutes = minutes.map_or(String::new(), |minutes| format!("CHAOS_MINUTES={minutes} "));
    let replay =
        format!("CHAOS_SEED={seed} CHAOS_EVENTS={events} {minutes}cargo test --all-features --test chaos");
    println!("To replay its decisions, though not how they are scheduled: {replay}");

    let (history, summary) = run(seed, events, sending).await;
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
    assert!(summary.ended.is_empty(), "replicas ended of themselves\nTo replay: {replay}");
    panic!("{:#?}\nTo replay: {replay}", kinds.keys());
}

async fn run(seed: u64, events: u32, sending: Duration) -> (History, Summary) {
    let directory = Directory(env::temp_dir().join(format!("chaos-{}", std::process::id())));
    fs::create_dir(&directory.0).unwrap();
    let ledger = directory.0.join("ledger");
    let mut redis = Server::start_with("--appendonly yes --appendfsync always").await;
    let fleet = Arc::new(Fleet::start(REPLICAS, seed, redis.url(), ledger.clone()).await);
    let provider = Arc::new(Provider::new(seed, events, Arc::clone(&fleet)));
    let outages = Arc::new(Mutex::new(Vec::new()));
    let injector = Injector {
        seed,
        fleet: Arc::clone(&fleet),
        over: AtomicBool::new(false),
        inflicted: Mutex::default(),
    };

    // Whatever is running when this is dropped, as when it fails, is dropped with it.
    let mut watching = JoinSet::new();
    watching.spawn(watch(redis.url(), Arc::clone(&outages)));
    let (began, places) = (Instant::now(), Arc::new(Semaphore::new(AT_ONCE)));
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
    join!(sending, injector.against_replicas(), injector.against_redis(&mut redis));
    let sent_in = began.elapsed();

    // Whatever is not over in time is found by the check, and told.
    let _ = timeout(DRAINING, under_way.join_all()).await;
    let drained_in = began.elapsed();
    let copies = Arc::new(Semaphore::new(COPIES_AT_ONCE));
    let mut last_copies = JoinSet::new();
    for event in 0..events {
        let (provider, place) = (Arc::clone(&provider), Arc::clone(&copies).acquire_owned().await);
        last_copies.spawn(async move {
            provider.send_last_copy(event).await;
            drop(place);
        });
    }
    last_copies.join_all().await;
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
    let history = History {
        events,
        lines: read(&ledger),
        attempts: provider.attempts(),
        deaths,
        suspensions: suspensions.map(|it| (it.replica.unwrap(), it.span)).collect(),
        outages: outages.lock().unwrap().clone(),
    };
    let ended = fleet.ended.lock().unwrap().clone();
    (history, Summary { seed, inflicted, sent_in, drained_in, lasted, ended })
}

/// Whether every run in a replica that lives is over.
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
