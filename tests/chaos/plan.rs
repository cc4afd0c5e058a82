use std::time::Duration;

use crate::{LEASE, random::Random};

/// A handler's behavior, derived from the seed, the event and the attempt.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The time before the effect.
    pub before: Duration,
    pub effect: bool,
    /// The time after the effect.
    pub after: Duration,
    /// `true` if the handler blocks its thread before the effect.
    pub blocks: bool,
    pub end: PlannedEnd,
    pub transaction: PlannedTransaction,
}

/// The course of a handler's transaction on Postgres.
#[derive(Clone, Copy, Debug)]
pub struct PlannedTransaction {
    /// `true` if the transaction begins before the time before the effect, not after it.
    pub begins_early: bool,
    /// `true` if the transaction is committed before the time after the effect, not after it.
    pub commits_early: bool,
    /// `true` if the handler succeeds without a commit.
    pub is_forgotten: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedEnd {
    Succeed,
    Fail(u16),
    Panic,
    Hang,
}

impl Plan {
    /// Returns whether the transaction is committed, on Postgres.
    pub fn commits(&self) -> bool {
        self.effect && !(self.transaction.is_forgotten && self.end == PlannedEnd::Succeed)
    }

    pub fn of(seed: u64, event: u32, attempt: u32) -> Self {
        let mut random = Random::of(seed, &[1, event.into(), attempt.into()]);
        let quick = random.millis(0, 30);
        let plan = Self {
            before: quick,
            effect: true,
            after: random.millis(0, 5),
            blocks: false,
            end: PlannedEnd::Succeed,
            transaction: PlannedTransaction::of(seed, event, attempt),
        };
        let effect = random.chance(500);
        match random.below(1000) {
            0..130 => {
                Self { effect, end: PlannedEnd::Fail(random.one_of(&[500, 502, 429, 404, 302, 409])), ..plan }
            }
            130..190 => Self { effect, end: PlannedEnd::Panic, ..plan },
            190..205 => Self { effect, end: PlannedEnd::Hang, ..plan },
            205..330 => Self { before: random.millis(100, 800), ..plan },
            // Longer than the lease, which the layer must therefore extend.
            330..370 => Self { before: random.millis(1600, 2600), ..plan },
            370..400 => Self { after: random.millis(1600, 2600), ..plan },
            400..404 => Self { before: LEASE * 3 / 2, blocks: true, ..plan },
            _ => plan,
        }
    }
}

impl PlannedTransaction {
    fn of(seed: u64, event: u32, attempt: u32) -> Self {
        let mut random = Random::of(seed, &[6, event.into(), attempt.into()]);
        Self {
            begins_early: random.chance(100),
            commits_early: random.chance(500),
            is_forgotten: random.chance(20),
        }
    }
}
