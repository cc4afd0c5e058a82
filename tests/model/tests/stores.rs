//! Linearizability of the stores in memory. Concurrent actors call a store with a few keys while time passes. The
//! results must match some sequential order of the calls, in which a call that returned before another started comes
//! first. This implies that each key has one owner at a time, no completion is lost, and no claim is held forever.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../store/model.rs"]
mod reference;

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use reference::{Allowance, Answer, KEYS, Op, Reference, perform};
use shuttle::{
    future::block_on,
    rand::{Rng, thread_rng},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};
use tower_webhook::{
    Clock,
    store::{CachedStore, Key, MokaStore, Store, Token},
};

const SECOND: Duration = Duration::from_secs(1);
/// Deduplication windows, in seconds. A cache may report a completion for a minute after its window, so windows for
/// cached stores do not end while the actors run.
const SHORT: RangeInclusive<u32> = 1..=3;
const LONG: RangeInclusive<u32> = 1000..=1003;
const ACTORS: usize = 3;
const OPS: usize = 4;

fn play(race: impl Fn() + Send + Sync + 'static) {
    let schedules = std::env::var("SCHEDULES").map_or(1000, |schedules| schedules.parse().unwrap());
    let race = Arc::new(race);
    let once_more = Arc::clone(&race);
    shuttle::check_random(move || race(), schedules);
    // Some bugs need only a few context switches. Schedules with few context switches find them sooner.
    shuttle::check_pct(move || once_more(), schedules, 3);
}

#[test]
fn the_memory_store() {
    play(|| {
        let clock = Ticking::default();
        let store = MokaStore::new(100).clock(clock.clone());
        race(store, clock, Allowance::none(SECOND), SHORT);
    });
}

#[test]
fn the_memory_store_over_its_capacity() {
    play(|| {
        let clock = Ticking::default();
        let store = MokaStore::new(1).clock(clock.clone());
        race(store, clock, Allowance { evicts: true, ..Allowance::none(SECOND) }, SHORT);
    });
}

#[test]
fn a_cached_store() {
    play(|| {
        let clock = Ticking::default();
        let store = CachedStore::new(MokaStore::new(100).clock(clock.clone()), 100).clock(clock.clone());
        race(store, clock, Allowance::none(SECOND), LONG);
    });
}

#[test]
fn a_cached_store_over_its_capacity() {
    play(|| {
        let clock = Ticking::default();
        let store = CachedStore::new(MokaStore::new(100).clock(clock.clone()), 1).clock(clock.clone());
        race(store, clock, Allowance::none(SECOND), LONG);
    });
}

fn race<S: Store>(store: S, clock: Ticking, allowance: Allowance, windows: RangeInclusive<u32>) {
    let (store, history) = (Arc::new(store), Arc::new(History::default()));
    let keys = Arc::new(std::array::from_fn::<_, KEYS, _>(|key| Key::new("raced", &key.to_string())));
    // Actors may use each other's tokens, because another task may retry or settle a claim.
    let tokens: Arc<[Token]> = (0..ACTORS).map(|_| Token::mint()).collect();
    let perform_noted = {
        let history = history.clone();
        move |op| {
            let advance = async |time: Duration| {
                clock.0.fetch_add(time.as_secs(), Ordering::SeqCst);
            };
            history.note(op, || block_on(perform(op, &*store, &*keys, &tokens, SECOND, advance)));
        }
    };
    let actors: Vec<_> = (0..ACTORS)
        .map(|actor| {
            let (perform_noted, windows) = (perform_noted.clone(), windows.clone());
            thread::spawn(move || {
                for _ in 0..OPS {
                    let mut random = thread_rng();
                    let key = if random.gen_bool(0.8) { 0 } else { random.gen_range(0..KEYS) };
                    let token = if random.gen_bool(0.8) { actor } else { random.gen_range(0..ACTORS) };
                    let time = random.gen_range(1..=3);
                    let op = match random.gen_range(0..12) {
                        0..=3 => Op::Claim { key, token, lease: time },
                        4 => Op::Extend { key, token, lease: time },
                        5..=7 => Op::Complete { key, token, window: random.gen_range(windows.clone()) },
                        8 => Op::Release { key, token },
                        9..=10 => Op::Forget { key },
                        _ => Op::Advance { time },
                    };
                    perform_noted(op);
                }
            })
        })
        .collect();
    for actor in actors {
        actor.join().unwrap();
    }
    // Once all leases and windows have expired, each key must be claimable.
    perform_noted(Op::Advance { time: 10_000 });
    for key in 0..KEYS {
        perform_noted(Op::Claim { key, token: 0, lease: 1 });
    }
    history.check(allowance);
}

/// A clock in seconds. Reading it is a point at which the schedule may switch threads.
#[derive(Clone, Default)]
struct Ticking(Arc<AtomicU64>);

impl Clock for Ticking {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// The calls and their results, in the order of the calls, with the logical times of each call and its return. The lock
/// is never contended, because shuttle runs one thread at a time.
#[derive(Default)]
struct History(Mutex<(usize, Vec<Event>)>);

#[derive(Clone, Copy, Debug)]
struct Event {
    op: Op,
    answer: Option<Answer>,
    asked: usize,
    answered: usize,
}

impl History {
    fn note(&self, op: Op, ask: impl FnOnce() -> Answer) {
        let at = {
            let (moment, events) = &mut *self.0.lock().unwrap();
            *moment += 1;
            events.push(Event { op, answer: None, asked: *moment, answered: usize::MAX });
            events.len() - 1
        };
        let answer = ask();
        let (moment, events) = &mut *self.0.lock().unwrap();
        *moment += 1;
        (events[at].answer, events[at].answered) = (Some(answer), *moment);
    }

    fn check(&self, allowance: Allowance) {
        let events = self.0.lock().unwrap().1.clone();
        let all = (1_u64 << events.len()) - 1;
        assert!(
            is_sequence(&events, all, &Reference::new(allowance)),
            "the history is not linearizable:\n{}",
            events.iter().map(|event| format!("{event:?}\n")).collect::<String>()
        );
    }
}

/// Returns whether the events in the bit set `left` can follow `so_far` in some order.
fn is_sequence(events: &[Event], left: u64, so_far: &Reference) -> bool {
    let waiting = || (0..events.len()).filter(|at| left >> at & 1 == 1);
    let Some(first_answered) = waiting().map(|at| events[at].answered).min() else { return true };
    waiting().filter(|at| events[*at].asked < first_answered).any(|at| {
        let mut next = so_far.clone();
        next.allows(events[at].op, events[at].answer.unwrap())
            && is_sequence(events, left & !(1 << at), &next)
    })
}
