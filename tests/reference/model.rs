//! What a store is, without how: a model of a few keys in which one operation follows another. Given an
//! operation and what a real store answered, it says whether that may be.

use std::time::Duration;

use tower_webhook::store::Claim;

pub(crate) const KEYS: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Claim {
        key: usize,
        token: usize,
        lease: u32,
    },
    Extend {
        key: usize,
        token: usize,
        lease: u32,
    },
    Complete {
        key: usize,
        token: usize,
        window: u32,
    },
    Release {
        key: usize,
        token: usize,
    },
    Forget {
        key: usize,
    },
    /// So much time passes.
    Advance {
        time: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Claim(Claim),
    Was(bool),
    Passed,
}

/// What one store may do and another may not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// How long a unit of `Op`'s times is.
    pub(crate) unit: Duration,
    /// How much longer than its window a key may be told to be completed.
    pub(crate) late: Duration,
    /// Whether completed keys may be lost.
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

#[derive(Clone, Copy, Debug, Default)]
struct Record {
    state: State,
    fencing_token: u64,
    /// Who settled it last, and whether by completing it: asked again, it may be told so again.
    settled: Option<(usize, bool)>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Free,
    Running {
        owner: usize,
        until: Duration,
    },
    Completed {
        until: Duration,
    },
}

impl Reference {
    pub(crate) fn new(allowance: Allowance) -> Self {
        Self { allowance, now: Duration::ZERO, keys: Default::default() }
    }

    /// Does `op`, of which `answer` is what the store said; `false` if it cannot have said so.
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
                // An owner that was away for longer than its lease may be the next owner, or still the last.
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
