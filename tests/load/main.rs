//! Load tests with attacks: thousands of hostile requests to a server in a separate process, while an honest provider
//! keeps sending.
//!
//! * The server's memory is bounded by twice the buffer budget (buffers grow by doubling) and a fixed amount for each
//!   connection.
//! * Every honest delivery gets a 200 at once or, while an attack fills the budget, a 503 with `Retry-After`.
//! * Nothing leaks: memory that an attack used is freed afterwards, and the server does not grow from round to round.
//! * After an attack, the next delivery is handled and the whole budget is available.
//!
//! ```sh
//! LOAD_MINUTES=15 cargo test --all-features --test load -- --nocapture
//! ```
//!
//! The test reads memory and descriptors from Linux's `/proc`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]
#![cfg(target_os = "linux")]

mod attacks;
mod budget;
#[path = "../common/mod.rs"]
mod common;
mod honest;
mod http2;
mod server;
mod settings;
mod wire;

use std::{
    env, fmt, slice,
    time::{Duration, Instant},
};

use tokio::{process::Command, task::JoinSet, time::timeout};

use crate::{
    attacks::{Attack, Tally},
    budget::Filling,
    common::setting,
    honest::{Honest, Kept},
    server::{Server, State},
    settings::{BODY_LIMIT, BODY_TIMEOUT, BUDGET, CAPACITY, KEPT_FREE, KIB, LONGEST, Size, descriptors},
};

/// The memory that may remain allocated after an attack, because the tables of the store and the runtime grow and
/// shrink.
const MOST_LEFT: i64 = 256 * KIB as i64;
/// The growth of the process in KiB that is allowed between the first and the last rounds, because the allocator keeps
/// some freed memory.
const MOST_GROWN: u64 = 8 * 1024;
const ROUNDS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_withstands_hostile_load() {
    let minutes = setting("LOAD_MINUTES");
    let size = if minutes.is_some() { Size::LONG } else { Size::SHORT };
    if !has_descriptors_for(size) {
        return run_with_more_descriptors().await;
    }
    let size = size.that_fits();
    println!(
        "body_limit {} KiB, buffer_budget {} KiB, body_timeout {BODY_TIMEOUT:?}, a store of {CAPACITY} keys; \
         {} connections, {} requests, {} ids\n",
        BODY_LIMIT / KIB,
        BUDGET / KIB,
        size.connections,
        size.flood,
        size.ids,
    );
    let mut load = Load { server: Server::start().await, filling: Filling::new() };
    load.warm_up().await;
    for attack in attacks::all() {
        let measured = load.measure(slice::from_ref(&attack), size).await;
        println!("{}\n{measured}", attack.name);
        attack.judge(&measured.seen, &measured.ended);
    }

    let (began, lasting) = (Instant::now(), Duration::from_secs(60 * minutes.unwrap_or(0)));
    let (mut rounds, mut resident) = (0, Vec::new());
    while rounds < ROUNDS || began.elapsed() < lasting {
        rounds += 1;
        let measured = load.measure(&attacks::all(), size.part(10)).await;
        println!("all attacks at once, round {rounds}\n{measured}");
        resident.push(measured.resident);
    }
    println!("process size: at most {} KiB; after each round {resident:?} KiB", load.server.most_resident());
    let last = resident[resident.len() / 2..].iter().min().unwrap();
    assert!(*last <= resident[0] + MOST_GROWN, "the process has grown");
}

/// Returns whether the process may open enough descriptors, or as many as the system allows.
fn has_descriptors_for(size: Size) -> bool {
    let (allowed, could_be) = descriptors();
    allowed >= (size.connections + KEPT_FREE).min(could_be)
}

/// Runs this test again in a process with the highest allowed limit of descriptors.
async fn run_with_more_descriptors() {
    let raise = r#"ulimit -n "$(ulimit -Hn)" && exec "$0" "$@""#;
    let status = Command::new("sh")
        .args(["-c", raise])
        .arg(env::current_exe().unwrap())
        .args(["server_withstands_hostile_load", "--exact", "--nocapture"])
        .kill_on_drop(true)
        .status();
    assert!(status.await.unwrap().success(), "the test failed in the child process, see above");
}

struct Load {
    server: Server,
    filling: Filling,
}

/// The measurements of one attack or of all attacks at once.
struct Measured {
    took: Duration,
    seen: Tally,
    ended: Tally,
    kept: Kept,
    connections: i64,
    in_flight: i64,
    /// The bytes allocated in addition to those before the attack: `most` at the peak, and `left` afterwards.
    most: i64,
    left: i64,
    may_take: i64,
    /// The bytes allocated while the budget was full.
    full: i64,
    /// The size of the process afterwards, in KiB.
    resident: u64,
}

impl Load {
    /// Runs all attacks once at a small size, to fill the store and other tables.
    async fn warm_up(&mut self) {
        let small = Size { ids: 4 * CAPACITY as usize, ..Size::SHORT.part(4) };
        let address = self.server.address;
        let all: JoinSet<_> = attacks::all().iter().map(|attack| attack.start(address, small)).collect();
        all.join_all().await;
        self.server.is_quiet().await;
        self.filling.fits_exactly(&mut self.server).await;
    }

    async fn measure(&mut self, attacks: &[Attack], size: Size) -> Measured {
        let (address, began) = (self.server.address, Instant::now());
        let (before, descriptors) = (self.server.begin().await, self.server.descriptors());
        let honest = Honest::start(address);
        let attacking: JoinSet<_> = attacks.iter().map(|attack| attack.start(address, size)).collect();
        let tallies =
            timeout(LONGEST, attacking.join_all()).await.expect("the attacks did not finish in time");
        let kept = honest.stop().await;
        let after = self.server.is_quiet().await;

        let next = honest::answer(address, &honest::next()).await.map(|answer| answer.status);
        assert_eq!(next, Some(200), "the next delivery after an attack");
        let full = self.filling.fits_exactly(&mut self.server).await;
        let quiet = self.server.is_quiet().await;
        let fills = attacks.iter().any(|attack| attack.fills);
        assert!(fills || kept.refused == 0, "the budget was exhausted: {kept:?}");
        assert_eq!(self.server.descriptors(), descriptors, "descriptors");

        let outside_the_budget: usize = attacks.iter().map(|attack| attack.memory(size)).sum();
        let measured = Measured {
            took: began.elapsed(),
            seen: sum(tallies.into_iter().flatten()),
            ended: difference(&before, &after),
            kept,
            connections: after.most_connections,
            in_flight: after.most_in_flight,
            most: after.most_heap - before.heap,
            left: quiet.heap - before.heap,
            may_take: (outside_the_budget + 2 * BUDGET) as i64,
            full,
            resident: self.server.resident(),
        };
        assert!(measured.most <= measured.may_take, "too much memory during the attack:\n{measured}");
        assert!(measured.left <= MOST_LEFT, "memory leaked:\n{measured}");
        measured
    }
}

fn sum(counts: impl Iterator<Item = (String, usize)>) -> Tally {
    let mut tally = Tally::new();
    counts.for_each(|(name, count)| *tally.entry(name).or_default() += count);
    tally
}

fn difference(before: &State, after: &State) -> Tally {
    let ended = after.outcomes.iter().map(|(name, count)| {
        let count = count - before.outcomes.get(name).unwrap_or(&0);
        (name.clone(), count as usize)
    });
    ended.filter(|(_, count)| *count > 0).collect()
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: String| writeln!(f, "{name:>14}  {value}");
        let listed = |tally: &Tally| {
            let counts: Vec<_> = tally.iter().map(|(name, count)| format!("{count} {name}")).collect();
            counts.join(", ")
        };
        line("took", format!("{:.1?}", self.took))?;
        line("attackers saw", listed(&self.seen))?;
        line("the layer", listed(&self.ended))?;
        let Kept { deliveries, refused, longest } = self.kept;
        line("honest", format!("{deliveries} handled within {longest:.1?}; {refused} responses with 503"))?;
        line("at once", format!("{} connections, {} requests", self.connections, self.in_flight))?;
        line(
            "memory",
            format!(
                "+ {} KiB of {} KiB, {} KiB each; afterwards {:+} bytes; {} KiB with a full budget; RSS {} KiB",
                self.most / 1024,
                self.may_take / 1024,
                self.most / 1024 / self.connections.max(1),
                self.left,
                self.full / 1024,
                self.resident,
            ),
        )
    }
}
