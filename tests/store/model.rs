//! A sequential model of a store with a few keys. It decides whether a real store may return a result for an operation.

use std::time::Duration;

use tower_webhook::store::{Claim, Key, Store, Token};

pub(crate) const KEYS: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Claim { key: usize, token: usize, lease: u32 },
    Extend { key: usize, token: usize, lease: u32 },
    Complete { key: usize, token: usize, window: u32 },
    Release { key: usize, token: usize },
    Forget { key: usize },
    Advance { time: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Claim(Claim),
    Was(bool),
    Passed,
}

/// Performs `op` on `store`, with times in `unit`. `advance` advances the store's clock.
pub(crate) async fn perform(
    op: Op,
    store: &impl Store,
    keys: &[Key],
    tokens: &[Token],
    unit: Duration,
    advance: impl AsyncFnOnce(Duration),
) -> Answer {
    match op {
        Op::Claim { key, token, lease } => {
            Answer::Claim(store.claim(&keys[key], &tokens[token], unit * lease).await.unwrap())
        }
        Op::Extend { key, token, lease } => {
            Answer::Was(store.extend(&keys[key], &tokens[token], unit * lease).await.unwrap())
        }
        Op::Complete { key, token, window } => {
            Answer::Was(store.complete(&keys[key], &tokens[token], unit * window).await.unwrap())
        }
        Op::Release { key, token } => Answer::Was(store.release(&keys[key], &tokens[token]).await.unwrap()),
        Op::Forget { key } => Answer::Was(store.forget(&keys[key]).await.unwrap()),
        Op::Advance { time } => {
            advance(unit * time).await;
            Answer::Passed
        }
    }
}

/// The behavior that is allowed for some stores only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// The length of a unit of the times in [`Op`].
    pub(crate) unit: Duration,
    /// The time for which a key may still be reported as completed after its window has passed.
    pub(crate) late: Duration,
    /// `true` if completed keys may be evicted early.
    pub(crate) evicts: bool,
}

impl Allowance {
    pub(crate) const fn none(unit: Duration) -> Self {
        Self { unit, late: Duration::ZERO, evicts: false }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Reference {
    allowance: Allowance,
    now: Duration,
    keys: [Record; KEYS],
}

#[derive(Clone, Copy, Debug)]
struct Record {
    state: State,
    fencing_token: u64,
    /// The last settlement: its owner, and `true` if it was a completion. Repeating that settlement may succeed.
    settled: Option<(usize, bool)>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Free,
    Running { owner: usize, until: Duration },
    Completed { until: Duration },
}

impl Reference {
    pub(crate) fn new(allowance: Allowance) -> Self {
        let free = Record { state: State::Free, fencing_token: 0, settled: None };
        Self { allowance, now: Duration::ZERO, keys: [free; KEYS] }
    }

    /// Applies `op`. Returns `false` if a store must not return `answer` for `op`.
    #[must_use]
    pub(crate) fn allows(&mut self, op: Op, answer: Answer) -> bool {
        match (op, answer) {
            (Op::Claim { key, token, lease }, Answer::Claim(claim)) => self.claim(key, token, lease, claim),
            (Op::Extend { key, token, lease }, Answer::Was(was)) => {
                let mine = self.is_mine(key, token);
                if mine {
                    self.keys[key].state = State::Running { owner: token, until: self.after(lease) };
                }
                was == mine
            }
            (Op::Complete { key, token, window }, Answer::Was(was)) => {
                self.settle(key, token, true, State::Completed { until: self.after(window) }, was)
            }
            (Op::Release { key, token }, Answer::Was(was)) => {
                self.settle(key, token, false, State::Free, was)
            }
            (Op::Forget { key }, Answer::Was(was)) => self.forget(key, was),
            (Op::Advance { time }, Answer::Passed) => {
                self.now = self.after(time);
                true
            }
            _ => false,
        }
    }

    fn claim(&mut self, key: usize, token: usize, lease: u32, claim: Claim) -> bool {
        let (now, until, allowance) = (self.now, self.after(lease), self.allowance);
        let record = &mut self.keys[key];
        let (mut may_be_completed, mut may_be_acquired, mut same_run) = (false, true, false);
        match record.state {
            State::Running { owner, until } if owner == token => same_run = until > now,
            State::Running { until, .. } if until > now => return claim == Claim::InProgress,
            State::Completed { until } if until > now => {
                (may_be_completed, may_be_acquired) = (true, allowance.evicts);
            }
            State::Completed { until } => may_be_completed = until + allowance.late > now,
            State::Running { .. } | State::Free => {}
        }
        match claim {
            Claim::Completed => may_be_completed,
            Claim::InProgress => false,
            Claim::Acquired { fencing_token } => {
                // An owner whose lease has expired may get a new fencing token or keep its old one.
                let mine = matches!(record.state, State::Running { owner, .. } if owner == token);
                let grows = if same_run {
                    fencing_token == record.fencing_token
                } else {
                    fencing_token > record.fencing_token || mine && fencing_token == record.fencing_token
                };
                *record =
                    Record { state: State::Running { owner: token, until }, fencing_token, settled: None };
                may_be_acquired && grows
            }
        }
    }

    fn settle(&mut self, key: usize, token: usize, completes: bool, after: State, was: bool) -> bool {
        let mine = self.is_mine(key, token);
        let record = &mut self.keys[key];
        if mine {
            (record.state, record.settled) = (after, Some((token, completes)));
        }
        was == mine || was && record.settled == Some((token, completes))
    }

    fn forget(&mut self, key: usize, was: bool) -> bool {
        let State::Completed { until } = self.keys[key].state else { return !was };
        let completed = until > self.now;
        self.keys[key].state = State::Free;
        self.keys[key].settled = None;
        was == completed || !was && self.allowance.evicts
    }

    fn is_mine(&self, key: usize, token: usize) -> bool {
        matches!(self.keys[key].state, State::Running { owner, until } if owner == token && until > self.now)
    }

    fn after(&self, units: u32) -> Duration {
        self.now + self.allowance.unit * units
    }
}
