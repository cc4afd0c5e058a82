//! The check of a chaos run's invariants. It compares the ledger, the provider's record and the injected faults.
//!
//! An event may run again only if the claim of its previous run was released, or if that claim expired because its
//! owner died or could not extend the lease. The layer extends a lease every third of its duration, so at least two
//! thirds of the lease remain at any time. An owner that is cut off for less than that keeps its claim.
//!
//! On Postgres, a handler completes its event in the transaction of its effect. Then each event has exactly one effect,
//! and no run begins after it, whatever the faults.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use tower_webhook::Settlement;

use crate::{
    HANDLER_TIMEOUT, LEASE,
    ledger::{End, Line, Micros, Note, RunId, micros},
    provider::{Answer, Attempt},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Micros,
    pub to: Micros,
}

impl Span {
    pub fn meets(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }
}

/// The shortest interruption after which an owner may lose its claim: two thirds of the lease, less some time for a
/// late extension.
const CUT_OFF: Micros = micros(LEASE) * 2 / 3 - 200_000;
/// The longest time from the store being available again to a replica's next call. After a failed extension, this call
/// is the next extension of the lease; after a failed settlement, it is a retry after a delay that is a part of the
/// lease.
const TRYING_AGAIN: Micros = micros(LEASE) / 3 + 250_000;
/// The shortest outage that may make a call fail. Every timeout of the replicas is longer.
const UNNOTICED: Micros = 200_000;
/// The time that a replica needs to catch up after a stall.
const CATCHING_UP: Micros = 50_000;
/// The time by which a lease may expire early. Redis counts leases in milliseconds.
const CLOCK: Micros = 5_000;
/// The longest duration of an undisturbed settlement.
const SETTLING: Micros = 200_000;
/// The longest time that a claim may be held after an attempt without a response.
const HELD_AT_MOST: Micros = micros(LEASE) + micros(HANDLER_TIMEOUT) + 2_500_000;

/// The store that the replicas share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    #[default]
    Redis,
    Postgres,
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The record of a chaos run.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub store: Store,
    pub events: u32,
    pub lines: Vec<Line>,
    pub attempts: Vec<Attempt>,
    /// The time span in which each killed replica died.
    pub deaths: BTreeMap<u32, Span>,
    pub suspensions: Vec<(u32, Span)>,
    /// The times when the store was unavailable.
    pub outages: Vec<Span>,
}

/// One run of a handler.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: RunId,
    pub attempt: u32,
    pub replica: u32,
    pub started: Micros,
    /// The time at which the run's transaction locked the claim.
    pub locked: Option<Micros>,
    /// The times of its effects.
    pub effects: Vec<Micros>,
    pub end: Option<(End, Micros)>,
    pub settled: Option<(Option<Settlement>, Micros)>,
}

/// The cause of another run of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    Failed,
    Panicked,
    DroppedByLayer,
    /// The handler succeeded without a commit.
    Uncommitted,
    ReplicaKilled,
    ReplicaSuspended,
    /// The replica blocked its thread, the system did not schedule the replica, or it had no connection.
    ReplicaStalled,
    StoreAway,
    /// The run's transaction kept the claim locked, and was not committed.
    TransactionOpen,
}

#[derive(Debug, Default)]
pub struct Report {
    pub violations: Vec<Violation>,
    pub runs: u32,
    /// The number of repeated runs, by cause and by whether the previous run had succeeded.
    pub run_again: BTreeMap<(Why, bool), u32>,
    pub overlaps: BTreeMap<Why, u32>,
    pub effects_more_than_once: u32,
    pub events_without_effect: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub event: u32,
    pub what: &'static str,
}

impl History {
    pub fn check(&self) -> Report {
        let index = Index::of(self);
        let mut report = Report::default();
        for event in 0..self.events {
            let runs = index.runs.get(&event).map_or(&[][..], Vec::as_slice);
            let attempts = index.attempts.get(&event).map_or(&[][..], Vec::as_slice);
            report.runs += runs.len() as u32;
            let event = Event { history: self, index: &index, event, runs, attempts };
            report.effects_more_than_once += u32::from(event.effects() > 1);
            report.events_without_effect += u32::from(event.effects() == 0);
            event.check(&mut report);
        }
        for &(RunId { event, .. }, what) in &index.misfits {
            report.violations.push(Violation { event, what });
        }
        report
    }
}

/// The history, indexed by event and replica.
struct Index {
    runs: HashMap<u32, Vec<Run>>,
    attempts: HashMap<u32, Vec<Attempt>>,
    /// The times when each replica, or one of its threads, did not run, because it was suspended or stalled.
    stalls: HashMap<u32, Vec<(Span, Why)>>,
    misfits: Vec<(RunId, &'static str)>,
}

impl Index {
    fn of(history: &History) -> Self {
        let mut runs: BTreeMap<RunId, Run> = BTreeMap::new();
        let mut stalls: HashMap<u32, Vec<(Span, Why)>> = HashMap::new();
        let mut misfits = Vec::new();
        for &Line { at, replica, note } in &history.lines {
            match note {
                Note::Start(id, attempt) => {
                    let run = Run {
                        id,
                        attempt,
                        replica,
                        started: at,
                        locked: None,
                        effects: Vec::new(),
                        end: None,
                        settled: None,
                    };
                    if runs.insert(id, run).is_some() {
                        misfits.push((id, "two runs have the same fencing token"));
                    }
                }
                Note::Locked(id) | Note::Effect(id) | Note::End(id, _) | Note::Settled(id, _) => {
                    let Some(run) = runs.get_mut(&id).filter(|run| run.replica == replica) else {
                        misfits.push((id, "ledger has an entry for a run that has no start"));
                        continue;
                    };
                    match note {
                        Note::End(_, end) => run.end = Some((end, at)),
                        Note::Settled(_, settlement) => run.settled = Some((settlement, at)),
                        Note::Locked(_) => run.locked = Some(at),
                        _ => run.effects.push(at),
                    }
                }
                Note::Stalled(from, to) => {
                    stalls.entry(replica).or_default().push((Span { from, to }, Why::ReplicaStalled));
                }
            }
        }
        for &(replica, span) in &history.suspensions {
            let stalls = stalls.entry(replica).or_default();
            // A suspended replica also records a stall. Attribute that stall to the suspension.
            stalls.iter_mut().filter(|(noticed, _)| noticed.meets(span)).for_each(|(_, why)| {
                *why = Why::ReplicaSuspended;
            });
            stalls.push((span, Why::ReplicaSuspended));
        }
        let mut index = Self { runs: HashMap::new(), attempts: HashMap::new(), stalls, misfits };
        // The runs are in the order of their fencing tokens.
        for (id, run) in runs {
            index.runs.entry(id.event).or_default().push(run);
        }
        for attempt in &history.attempts {
            index.attempts.entry(attempt.event).or_default().push(*attempt);
        }
        index
    }
}

/// The record of one event.
struct Event<'h> {
    history: &'h History,
    index: &'h Index,
    event: u32,
    runs: &'h [Run],
    attempts: &'h [Attempt],
}

type Verdict<T> = Result<T, &'static str>;

impl Event<'_> {
    fn check(&self, report: &mut Report) {
        let mut judge = |verdict: Verdict<()>| {
            if let Err(what) = verdict {
                report.violations.push(Violation { event: self.event, what });
            }
        };
        judge(self.is_not_lost());
        judge(self.has_one_effect());
        for attempt in self.attempts {
            judge(self.has_correct_response(attempt));
        }
        for run in self.runs {
            judge(self.ends_and_is_settled(run));
        }
        for pair in self.runs.windows(2) {
            let [run, next] = pair else { continue };
            let over = run.end.map(|(_, at)| at).or(self.death(run.replica).map(|death| death.from));
            let overlaps = over.is_none_or(|over| next.started < over);
            match self.why_again(run, next) {
                Ok(why) => {
                    let succeeded = self.success(run).is_some();
                    *report.run_again.entry((why, succeeded)).or_default() += 1;
                    if overlaps {
                        *report.overlaps.entry(why).or_default() += 1;
                    }
                }
                Err(what) => {
                    let what = if overlaps { "two runs overlap without a cause" } else { what };
                    report.violations.push(Violation { event: self.event, what });
                }
            }
        }
    }

    fn is_not_lost(&self) -> Verdict<()> {
        if !self.attempts.iter().any(|attempt| attempt.answer.acknowledges()) {
            return Err("event was never acknowledged");
        }
        if !self.runs.iter().any(|run| self.success(run).is_some() && !run.effects.is_empty()) {
            return Err("no run succeeded");
        }
        Ok(())
    }

    /// Checks that the event has exactly one effect, if effects are transactional.
    fn has_one_effect(&self) -> Verdict<()> {
        match (self.history.store, self.effects()) {
            (Store::Redis, _) | (Store::Postgres, 1) => Ok(()),
            (Store::Postgres, 0) => Err("effect is missing"),
            (Store::Postgres, _) => Err("effect happened more than once"),
        }
    }

    fn effects(&self) -> usize {
        self.runs.iter().map(|run| run.effects.len()).sum()
    }

    /// Returns the time at which the run succeeded. On Postgres, the commit decides, not the end of the handler.
    fn success(&self, run: &Run) -> Option<Micros> {
        match (self.history.store, run.end) {
            (Store::Redis, Some((End::Succeeded, at))) => Some(at),
            (Store::Redis, _) => None,
            (Store::Postgres, _) => run.effects.first().copied(),
        }
    }

    /// Checks that the response to an attempt is correct.
    fn has_correct_response(&self, attempt: &Attempt) -> Verdict<()> {
        let run = self.run_of(attempt);
        let ended = |end| {
            run.is_some_and(|run| run.end.is_some_and(|(how, at)| how == end && at <= attempt.answered))
        };
        let names = |fencing| run.is_some_and(|run| run.id.fencing == fencing);
        let meanwhile = Span { from: attempt.sent, to: attempt.answered };
        let (correct, what) = match attempt.answer {
            Answer::Handled(fencing) => (
                names(fencing)
                    && ended(End::Succeeded)
                    && run.is_some_and(|run| self.success(run).is_some() && run.settled.is_some()),
                "event was acknowledged before a run succeeded",
            ),
            Answer::Failed(fencing) => {
                (names(fencing) && ended(End::Failed), "failure was reported for a run that did not fail")
            }
            Answer::Duplicate => (
                self.runs.iter().any(|run| self.success(run).is_some_and(|at| at <= attempt.answered)),
                "event was acknowledged as a duplicate of a run that had not succeeded",
            ),
            Answer::InProgress => (
                !self.completed_before(attempt.sent)
                    && self.attempts.iter().any(|other| self.may_hold(other, attempt)),
                "attempt was rejected as in progress although its claim was free",
            ),
            Answer::StoreUnavailable => (
                self.cut_offs(attempt.replica).any(|(span, _)| span.meets(meanwhile)),
                "attempt was rejected although the store was available",
            ),
            Answer::HandlerTimeout => (
                run.is_some_and(|run| {
                    let lasted = run.end.map_or(0, |(_, at)| at - run.started);
                    ended(End::Dropped) && lasted + CLOCK >= micros(HANDLER_TIMEOUT)
                }),
                "handler timed out although the handler had time left",
            ),
            Answer::Uncommitted => (
                ended(End::Succeeded)
                    && run.is_some_and(|run| {
                        let is_pending = matches!(run.settled, Some((Some(Settlement::Pending), _)));
                        self.history.store == Store::Postgres && (self.success(run).is_none() || is_pending)
                    }),
                "success was answered with 500 although its effect was committed",
            ),
            Answer::BrokenOff => (
                ended(End::Panicked)
                    || self.death(attempt.replica).is_some_and(|death| death.from <= attempt.answered),
                "connection ended although neither the replica nor the handler failed",
            ),
            Answer::Unexpected(_) => (false, "unexpected response"),
            Answer::TimedOut => (
                self.cut_offs(attempt.replica).any(|(span, _)| span.meets(meanwhile))
                    || self.death(attempt.replica).is_some_and(|death| death.meets(meanwhile)),
                "no response in time although nothing delayed it",
            ),
            Answer::HungUp => (true, ""),
        };
        if correct { Ok(()) } else { Err(what) }
    }

    fn completed_before(&self, time: Micros) -> bool {
        let completed = Some(Settlement::Completed);
        self.runs.iter().any(|run| run.settled.is_some_and(|(how, at)| how == completed && at < time))
    }

    /// Returns whether `attempt` may have been rejected as in progress because `other` held the claim.
    fn may_hold(&self, other: &Attempt, attempt: &Attempt) -> bool {
        if other.number == attempt.number || other.sent > attempt.answered {
            return false;
        }
        let run = self.run_of(other);
        let settled = run.and_then(|run| run.settled);
        let until = match (other.answer, settled) {
            (_, Some((Some(Settlement::Completed | Settlement::Released), at))) => at,
            // During an outage, a retried claim may have been acquired without the replica knowing.
            (Answer::Duplicate | Answer::InProgress, None)
                if !self
                    .cut_offs(other.replica)
                    .any(|(span, _)| span.meets(Span { from: other.sent, to: other.answered })) =>
            {
                other.answered
            }
            _ => other.answered + HELD_AT_MOST,
        };
        attempt.sent <= until
    }

    /// Checks that the end and the settlement of a run match.
    fn ends_and_is_settled(&self, run: &Run) -> Verdict<()> {
        let dead = self.death(run.replica).is_some();
        let Some((_, ended)) = run.end else {
            return if dead { Ok(()) } else { Err("run in a live replica has no end") };
        };
        let Some((settlement, settled)) = run.settled else {
            return if dead { Ok(()) } else { Err("run in a live replica has no settlement") };
        };
        let settling = Span { from: ended, to: settled };
        let succeeded = self.success(run).is_some();
        match settlement {
            Some(Settlement::Completed) if !succeeded => Err("unsuccessful run was completed"),
            Some(Settlement::Released) if succeeded => Err("successful run was released"),
            Some(Settlement::Lost) if succeeded && self.history.store == Store::Postgres => {
                Err("claim was lost although its effect was committed")
            }
            Some(Settlement::Lost) if self.cut_off(run, settled, settled).is_none() => {
                Err("claim was lost although its owner was not cut off")
            }
            Some(Settlement::Pending)
                if !self.cut_offs(run.replica).any(|(span, _)| span.meets(settling)) =>
            {
                Err("settlement failed while the store was available")
            }
            None if self.attempts.iter().any(|it| it.number == run.attempt && it.answer.acknowledges()) => {
                Err("event was acknowledged before its run was settled")
            }
            _ => Ok(()),
        }
    }

    /// Returns the reason why `next` could be claimed after `run`.
    fn why_again(&self, run: &Run, next: &Run) -> Verdict<Why> {
        let claimed = next.id.fencing;
        if self.history.store == Store::Postgres && self.success(run).is_some() {
            return Err("event ran again after its effect was committed");
        }
        match run.end {
            Some((End::Failed, at)) if at <= claimed => return Ok(Why::Failed),
            Some((End::Panicked, at)) if at <= claimed => return Ok(Why::Panicked),
            Some((End::Dropped, at)) if at <= claimed => return Ok(Why::DroppedByLayer),
            Some((End::Succeeded, at)) if at <= claimed && self.success(run).is_none() => {
                return Ok(Why::Uncommitted);
            }
            _ => {}
        }
        if matches!(run.settled, Some((Some(Settlement::Completed), _))) {
            return Err("event ran again after it was completed");
        }
        // The claim was not released, so it must have expired.
        if claimed + CLOCK < run.id.fencing + micros(LEASE) {
            return Err("claim was acquired again before its lease expired");
        }
        // An interruption that starts after `until` cannot be the cause, because the run should have been settled by
        // then.
        let until = match (run.end, run.settled) {
            (_, Some((Some(_), settled))) => settled,
            (Some((_, ended)), _) => ended + SETTLING,
            (None, _) => claimed,
        };
        if let Some(why) = self.cut_off(run, until, claimed) {
            return Ok(why);
        }
        let may_be_pending = match run.settled {
            Some((Some(Settlement::Pending), settled)) => settled + micros(LEASE),
            _ => until,
        };
        match self.death(run.replica) {
            Some(death) if death.from <= claimed.min(may_be_pending) => Ok(Why::ReplicaKilled),
            // A settlement that an outage interrupts is retried until the lease expires.
            Some(death)
                if death.from <= claimed.min(until + micros(LEASE))
                    && self.cut_offs(run.replica).any(|(span, _)| {
                        span.meets(Span { from: until - SETTLING.min(until), to: until })
                    }) =>
            {
                Ok(Why::ReplicaKilled)
            }
            _ => Err("event ran again without a cause"),
        }
    }

    /// Returns the interruption that may have kept the owner of `run` from extending or settling the claim until the
    /// claim expired. The interruption started before `until`, and the claim had expired by `claimed`.
    fn cut_off(&self, run: &Run, until: Micros, claimed: Micros) -> Option<Why> {
        let open = run.locked.map(|from| {
            let to = run.end.map_or(claimed, |(_, ended)| ended + SETTLING);
            (Span { from, to }, Why::TransactionOpen)
        });
        let mut spans: Vec<_> = self
            .cut_offs(run.replica)
            .chain(open)
            .filter(|(span, _)| span.meets(Span { from: run.id.fencing, to: claimed.max(until) }))
            .collect();
        spans.sort_by_key(|(span, _)| span.from);
        // Adjacent interruptions count as one; the longest of them is reported as the cause.
        let mut whole: Option<(Span, Why, Micros)> = None;
        for (span, why) in spans {
            let span = Span { from: span.from.max(run.id.fencing), to: span.to };
            let length = span.to - span.from;
            whole = Some(match whole {
                Some((before, blamed, longest)) if span.from <= before.to => {
                    let (why, longest) = if length > longest { (why, length) } else { (blamed, longest) };
                    (Span { from: before.from, to: before.to.max(span.to) }, why, longest)
                }
                // An interruption that starts after `until` counts only if it continues an earlier one.
                _ if span.from > until => break,
                _ => (span, why, length),
            });
            if let Some((span, why, _)) = whole {
                let runs_out = (span.from + CUT_OFF).max(run.id.fencing + micros(LEASE) - CLOCK);
                if span.to.min(claimed) >= runs_out {
                    return Some(why);
                }
            }
        }
        None
    }

    /// Returns the times when `replica` could not reach the store, with their causes.
    fn cut_offs(&self, replica: u32) -> impl Iterator<Item = (Span, Why)> {
        let stalls = self.index.stalls.get(&replica).into_iter().flatten();
        let stalls = stalls.map(|(span, why)| (Span { to: span.to + CATCHING_UP, ..*span }, *why));
        let outages = self.history.outages.iter();
        stalls.chain(outages.map(|&Span { from, to }| {
            let again = if to - from < UNNOTICED { UNNOTICED } else { TRYING_AGAIN };
            (Span { from, to: to + again }, Why::StoreAway)
        }))
    }

    fn death(&self, replica: u32) -> Option<Span> {
        self.history.deaths.get(&replica).copied()
    }

    fn run_of(&self, attempt: &Attempt) -> Option<&Run> {
        self.runs.iter().find(|run| run.attempt == attempt.number)
    }
}
