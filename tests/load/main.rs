//! Hostile load: attacks by the thousand on a server that is a process of its own, while an honest
//! provider goes on sending.
//!
//! * The server's memory is bounded: by the budget for bodies, and by so much for each connection and
//!   each request that is under way.
//! * Every honest delivery is answered 200, at once: but while somebody fills the budget, when it is
//!   answered 503 and asked to come back.
//! * Nothing leaks: what an attack made the server allocate is freed when it is over, and it does not
//!   grow from round to round.
//! * The next request after an attack is answered, and the budget is whole.
//!
//! ```sh
//! LOAD_MINUTES=15 cargo test --all-features --test load -- --nocapture
//! ```
//!
//! Memory is read where Linux has it.
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
    honest::{Honest, Kept},
    server::{Server, State},
    settings::{
        BODY_LIMIT, BODY_TIMEOUT, BUDGET, CAPACITY, KEPT_FREE, KIB, LONGEST, Size, descriptors, setting,
    },
};

/// What may be left of an attack when it is over: the store's and the runtime's tables breathe.
const MOST_LEFT: i64 = 256 * KIB as i64;
/// By how much the process may have grown from the first round of the soak to its last ones, in KiB: the
/// allocator keeps some of what was freed.
const MOST_GROWN: u64 = 8 * 1024;
const ROUNDS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_load_is_borne() {
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
        let borne = load.bear(slice::from_ref(&attack), size).await;
        println!("{}\n{borne}", attack.name);
        attack.judge(&borne.seen, &borne.ended);
    }

    let (began, lasting) = (Instant::now(), Duration::from_secs(60 * minutes.unwrap_or(0)));
    let (mut rounds, mut resident) = (0, Vec::new());
    while rounds < ROUNDS || began.elapsed() < lasting {
        rounds += 1;
        let borne = load.bear(&attacks::all(), size.part(10)).await;
        println!("all of them at once, round {rounds}\n{borne}");
        resident.push(borne.resident);
    }
    println!(
        "the process: at most {} KiB, and after each round {resident:?} KiB",
        load.server.most_resident()
    );
    let last = resident[resident.len() / 2..].iter().min().unwrap();
    assert!(*last <= resident[0] + MOST_GROWN, "the process has grown");
}

/// Whether there are enough, or it would be of no use to ask for more.
fn has_descriptors_for(size: Size) -> bool {
    let (allowed, could_be) = descriptors();
    allowed >= (size.connections + KEPT_FREE).min(could_be)
}

/// This same test in a process that may have as many as the system lets it.
async fn run_with_more_descriptors() {
    let raise = r#"ulimit -n "$(ulimit -Hn)" && exec "$0" "$@""#;
    let status = Command::new("sh")
        .args(["-c", raise])
        .arg(env::current_exe().unwrap())
        .args(["hostile_load_is_borne", "--exact", "--nocapture"])
        .kill_on_drop(true)
        .status();
    assert!(status.await.unwrap().success(), "it failed, see above");
}

struct Load {
    server: Server,
    filling: Filling,
}

/// How an attack, or all of them, went.
struct Borne {
    took: Duration,
    seen: Tally,
    ended: Tally,
    kept: Kept,
    connections: i64,
    in_flight: i64,
    /// Bytes that were allocated beyond those before, at the most, and when it was over.
    most: i64,
    left: i64,
    may_take: i64,
    /// And while as much was buffered as fits into the budget.
    full: i64,
    /// The size of the process afterwards, in KiB.
    resident: u64,
}

impl Load {
    /// Fills what is filled only once, such as the store.
    async fn warm_up(&mut self) {
        let small = Size { ids: 4 * CAPACITY as usize, ..Size::SHORT.part(4) };
        let address = self.server.address;
        let all: JoinSet<_> = attacks::all().iter().map(|attack| attack.start(address, small)).collect();
        all.join_all().await;
        self.server.is_quiet().await;
        self.filling.fits_exactly(&mut self.server).await;
    }

    async fn bear(&mut self, attacks: &[Attack], size: Size) -> Borne {
        let (address, began) = (self.server.address, Instant::now());
        let (before, descriptors) = (self.server.begin().await, self.server.descriptors());
        let honest = Honest::start(address);
        let attacking: JoinSet<_> = attacks.iter().map(|attack| attack.start(address, size)).collect();
        let tallies = timeout(LONGEST, attacking.join_all()).await.expect("an attack does not end");
        let kept = honest.stop().await;
        let after = self.server.is_quiet().await;

        let next = honest::answer(address, &honest::next()).await.map(|answer| answer.status);
        assert_eq!(next, Some(200), "the next delivery after an attack");
        let full = self.filling.fits_exactly(&mut self.server).await;
        let quiet = self.server.is_quiet().await;
        let fills = attacks.iter().any(|attack| attack.fills);
        assert!(fills || kept.refused == 0, "the budget was used up: {kept:?}");
        assert_eq!(self.server.descriptors(), descriptors, "descriptors");

        let beside_the_budget: usize = attacks.iter().map(|attack| attack.memory(size)).sum();
        let borne = Borne {
            took: began.elapsed(),
            seen: sum(tallies.into_iter().flatten()),
            ended: difference(&before, &after),
            kept,
            connections: after.most_connections,
            in_flight: after.most_in_flight,
            most: after.most_heap - before.heap,
            left: quiet.heap - before.heap,
            may_take: (beside_the_budget + 2 * BUDGET) as i64,
            full,
            resident: self.server.resident(),
        };
        assert!(borne.most <= borne.may_take, "it takes too much memory:\n{borne}");
        assert!(borne.left <= MOST_LEFT, "it leaves memory behind:\n{borne}");
        borne
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

impl fmt::Display for Borne {
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
        line(
            "honest",
            format!("{deliveries} answered, within {longest:.1?}; {refused} times asked to come back"),
        )?;
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
