//! What must be true of a run, whatever went wrong in it: the ledger, the provider's record and what was
//! inflicted, compared.
//!
//! Whether a run may begin is judged by what became of the one before it of the same event, of which the
//! claim must have been given back, have run out because its owner died, or have run out because its
//! owner could not extend it. The lease's arithmetic is the layer's: it is extended every third of it, so
//! whoever cannot extend it for less than two thirds keeps it.

use std::collections::{BTreeMap, HashMap};

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

/// An owner that cannot extend its claim for as long may lose it. Two thirds of the lease, less some for
/// extending late.
const CUT_OFF: Micros = micros(LEASE) * 2 / 3 - 200_000;
/// How long it may take, once Redis is there again, until a replica has tried again: a call that failed is
/// repeated when it is time to extend the lease once more, or half a second later.
const TRYING_AGAIN: Micros = micros(LEASE) / 3 + 250_000;
/// No call fails if Redis is away for less than this, the least that a replica waits for it.
const UNNOTICED: Micros = 200_000;
/// How long it may take, once it gets its turn again, until a replica has caught up.
const CATCHING_UP: Micros = 50_000;
/// How much earlier than it should a lease may run out: Redis counts milliseconds.
const CLOCK: Micros = 5_000;
/// How long a settlement takes where nothing is in its way.
const SETTLING: Micros = 200_000;
/// How long somebody of whom the provider has no answer may still hold a claim.
const HELD_AT_MOST: Micros = micros(LEASE) + micros(HANDLER_TIMEOUT) + 2_500_000;

/// All that is known of a run.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub events: u32,
    pub lines: Vec<Line>,
    pub attempts: Vec<Attempt>,
    /// When each dead replica died: between these times.
    pub deaths: BTreeMap<u32, Span>,
    pub suspensions: Vec<(u32, Span)>,
    /// When Redis was not there.
    pub outages: Vec<Span>,
}

/// One run of a handler.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: RunId,
    pub attempt: u32,
    pub replica: u32,
    pub started: Micros,
    pub effects: u32,
    pub end: Option<(End, Micros)>,
    pub settled: Option<(Option<Settlement>, Micros)>,
}

/// Why an event was run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    Failed,
    Panicked,
    DroppedByLayer,
    ReplicaKilled,
    ReplicaSuspended,
    /// It blocked its thread, or the machine had no turn for it.
    ReplicaStalled,
    RedisAway,
}

#[derive(Debug, Default)]
pub struct Report {
    pub violations: Vec<Violation>,
    pub runs: u32,
    /// How often an event was run again, by the reason, and whether the run before had succeeded.
    pub run_again: BTreeMap<(Why, bool), u32>,
    pub overlaps: BTreeMap<Why, u32>,
    pub effects_more_than_once: u32,
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
            report.effects_more_than_once += u32::from(runs.iter().map(|run| run.effects).sum::<u32>() > 1);
            Event { history: self, index: &index, event, runs, attempts }.check(&mut report);
        }
        for &(RunId { event, .. }, what) in &index.misfits {
            report.violations.push(Violation { event, what });
        }
        report
    }
}

/// The history, by what is asked of it.
struct Index {
    runs: HashMap<u32, Vec<Run>>,
    attempts: HashMap<u32, Vec<Attempt>>,
    /// When each replica did not get its turn: while it was suspended, or by what it says itself.
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
                    let run = Run { id, attempt, replica, started: at, effects: 0, end: None, settled: None };
                    if runs.insert(id, run).is_some() {
                        misfits.push((id, "two runs have one fencing number"));
                    }
                }
                Note::Effect(id) | Note::End(id, _) | Note::Settled(id, _) => {
                    let Some(run) = runs.get_mut(&id).filter(|run| run.replica == replica) else {
                        misfits.push((id, "something is noted of a run that has not begun"));
                        continue;
                    };
                    match note {
                        Note::End(_, end) => run.end = Some((end, at)),
                        Note::Settled(_, settlement) => run.settled = Some((settlement, at)),
                        _ => run.effects += 1,
                    }
                }
                Note::Stalled(from, to) => {
                    stalls.entry(replica).or_default().push((Span { from, to }, Why::ReplicaStalled));
                }
            }
        }
        for &(replica, span) in &history.suspensions {
            let stalls = stalls.entry(replica).or_default();
            // It has noticed that itself, too.
            stalls.iter_mut().filter(|(noticed, _)| noticed.meets(span)).for_each(|(_, why)| {
                *why = Why::ReplicaSuspended;
            });
            stalls.push((span, Why::ReplicaSuspended));
        }
        let mut index = Self { runs: HashMap::new(), attempts: HashMap::new(), stalls, misfits };
        // In the order of their fencing numbers.
        for (id, run) in runs {
            index.runs.entry(id.event).or_default().push(run);
        }
        for attempt in &history.attempts {
            index.attempts.entry(attempt.event).or_default().push(*attempt);
        }
        index
    }
}

/// What is known of one event.
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
        for attempt in self.attempts {
            judge(self.is_answered_truly(attempt));
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
                    let succeeded = matches!(run.end, Some((End::Succeeded, _)));
                    *report.run_again.entry((why, succeeded)).or_default() += 1;
                    if overlaps {
                        *report.overlaps.entry(why).or_default() += 1;
                    }
                }
                Err(what) => {
                    let what = if overlaps { "two runs overlap, and nothing explains it" } else { what };
                    report.violations.push(Violation { event: self.event, what });
                }
            }
        }
    }

    fn is_not_lost(&self) -> Verdict<()> {
        if !self.attempts.iter().any(|attempt| attempt.answer.acknowledges()) {
            return Err("it was never acknowledged");
        }
        if !self.runs.iter().any(|run| matches!(run.end, Some((End::Succeeded, _))) && run.effects > 0) {
            return Err("it has no run that was completed");
        }
        Ok(())
    }

    /// Whether an answer says what is true.
    fn is_answered_truly(&self, attempt: &Attempt) -> Verdict<()> {
        let run = self.run_of(attempt);
        let ended = |end| {
            run.is_some_and(|run| run.end.is_some_and(|(how, at)| how == end && at <= attempt.answered))
        };
        let names = |fencing| run.is_some_and(|run| run.id.fencing == fencing);
        let meanwhile = Span { from: attempt.sent, to: attempt.answered };
        let (true_, what) = match attempt.answer {
            Answer::Handled(fencing) => (
                names(fencing) && ended(End::Succeeded) && run.is_some_and(|run| run.settled.is_some()),
                "it was acknowledged without a run that was completed before",
            ),
            Answer::Failed(fencing) => {
                (names(fencing) && ended(End::Failed), "a failure was answered that was none")
            }
            Answer::Duplicate => (
                self.runs.iter().any(|run| {
                    run.end.is_some_and(|(end, at)| end == End::Succeeded && at <= attempt.answered)
                }),
                "it was acknowledged as a duplicate of a run that was not completed",
            ),
            Answer::InProgress => (
                !self.completed_before(attempt.sent)
                    && self.attempts.iter().any(|other| self.may_hold(other, attempt)),
                "it was put off though nobody held its claim",
            ),
            Answer::StoreUnavailable => (
                self.cut_offs(attempt.replica).any(|(span, _)| span.meets(meanwhile)),
                "the store is said to be unavailable, and was not",
            ),
            Answer::HandlerTimeout => (
                run.is_some_and(|run| {
                    let lasted = run.end.map_or(0, |(_, at)| at - run.started);
                    ended(End::Dropped) && lasted + CLOCK >= micros(HANDLER_TIMEOUT)
                }),
                "its handler is said to have taken too long, and did not",
            ),
            Answer::BrokenOff => (
                ended(End::Panicked)
                    || self.death(attempt.replica).is_some_and(|death| death.from <= attempt.answered),
                "its connection ended, though neither replica nor handler died",
            ),
            Answer::Unexpected(_) => (false, "it was answered in a way that has no place here"),
            Answer::TimedOut => (
                self.cut_offs(attempt.replica).any(|(span, _)| span.meets(meanwhile))
                    || self.death(attempt.replica).is_some_and(|death| death.meets(meanwhile)),
                "it was not answered in time, and nothing was in its way",
            ),
            Answer::HungUp => (true, ""),
        };
        if true_ { Ok(()) } else { Err(what) }
    }

    fn completed_before(&self, time: Micros) -> bool {
        let completed = Some(Settlement::Completed);
        self.runs.iter().any(|run| run.settled.is_some_and(|(how, at)| how == completed && at < time))
    }

    /// Whether `other` may have held the claim for which `attempt` was put off.
    fn may_hold(&self, other: &Attempt, attempt: &Attempt) -> bool {
        if other.number == attempt.number || other.sent > attempt.answered {
            return false;
        }
        let run = self.run_of(other);
        let settled = run.and_then(|run| run.settled);
        let until = match (other.answer, settled) {
            (_, Some((Some(Settlement::Completed | Settlement::Released), at))) => at,
            // A claim that was repeated while Redis came and went may have been made once too often.
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

    /// Whether what became of a run goes together.
    fn ends_and_is_settled(&self, run: &Run) -> Verdict<()> {
        let dead = self.death(run.replica).is_some();
        let Some((end, ended)) = run.end else {
            return if dead { Ok(()) } else { Err("a run in a replica that lives has not ended") };
        };
        let Some((settlement, settled)) = run.settled else {
            return if dead { Ok(()) } else { Err("a run in a replica that lives was not settled") };
        };
        let settling = Span { from: ended, to: settled };
        let succeeded = end == End::Succeeded;
        match settlement {
            Some(Settlement::Completed) if !succeeded => Err("a run that did not succeed was completed"),
            Some(Settlement::Released) if succeeded => Err("a run that succeeded was released"),
            Some(Settlement::Lost) if self.cut_off(run, settled, settled).is_none() => {
                Err("a claim was lost, and its owner was not cut off")
            }
            Some(Settlement::Pending)
                if !self.cut_offs(run.replica).any(|(span, _)| span.meets(settling)) =>
            {
                Err("a settlement failed, and the store was there")
            }
            None if self.attempts.iter().any(|it| it.number == run.attempt && it.answer.acknowledges()) => {
                Err("it was acknowledged before it was settled")
            }
            _ => Ok(()),
        }
    }

    /// Why `next` could be claimed after `run`.
    fn why_again(&self, run: &Run, next: &Run) -> Verdict<Why> {
        let claimed = next.id.fencing;
        match run.end {
            Some((End::Failed, at)) if at <= claimed => return Ok(Why::Failed),
            Some((End::Panicked, at)) if at <= claimed => return Ok(Why::Panicked),
            Some((End::Dropped, at)) if at <= claimed => return Ok(Why::DroppedByLayer),
            _ => {}
        }
        if matches!(run.settled, Some((Some(Settlement::Completed), _))) {
            return Err("it ran again though it was completed");
        }
        // Nobody gave the claim back, so it ran out.
        if claimed + CLOCK < run.id.fencing + micros(LEASE) {
            return Err("a claim was taken whose lease had not run out");
        }
        // What came later is no reason: by then it should have been settled.
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
            // A settlement that is under way when Redis goes away is tried again while the lease lives.
            Some(death)
                if death.from <= claimed.min(until + micros(LEASE))
                    && self.cut_offs(run.replica).any(|(span, _)| {
                        span.meets(Span { from: until - SETTLING.min(until), to: until })
                    }) =>
            {
                Ok(Why::ReplicaKilled)
            }
            _ => Err("it ran again, and nothing explains it"),
        }
    }

    /// What may have kept the owner of `run` from extending its claim, or settling it, until it ran out,
    /// having begun before `until`. It had run out by `claimed`.
    fn cut_off(&self, run: &Run, until: Micros, claimed: Micros) -> Option<Why> {
        let mut spans: Vec<_> = self
            .cut_offs(run.replica)
            .filter(|(span, _)| span.meets(Span { from: run.id.fencing, to: claimed.max(until) }))
            .collect();
        spans.sort_by_key(|(span, _)| span.from);
        // What comes right after one another is as one; the longest of it is to blame.
        let mut whole: Option<(Span, Why, Micros)> = None;
        for (span, why) in spans {
            let span = Span { from: span.from.max(run.id.fencing), to: span.to };
            let length = span.to - span.from;
            whole = Some(match whole {
                Some((before, blamed, longest)) if span.from <= before.to => {
                    let (why, longest) = if length > longest { (why, length) } else { (blamed, longest) };
                    (Span { from: before.from, to: before.to.max(span.to) }, why, longest)
                }
                // What begins later counts only where it goes on with what had begun by then.
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

    /// When `replica` could not reach the store, for one reason or the other.
    fn cut_offs(&self, replica: u32) -> impl Iterator<Item = (Span, Why)> {
        let stalls = self.index.stalls.get(&replica).into_iter().flatten();
        let stalls = stalls.map(|(span, why)| (Span { to: span.to + CATCHING_UP, ..*span }, *why));
        let outages = self.history.outages.iter();
        stalls.chain(outages.map(|&Span { from, to }| {
            let again = if to - from < UNNOTICED { UNNOTICED } else { TRYING_AGAIN };
            (Span { from, to: to + again }, Why::RedisAway)
        }))
    }

    fn death(&self, replica: u32) -> Option<Span> {
        self.history.deaths.get(&replica).copied()
    }

    fn run_of(&self, attempt: &Attempt) -> Option<&Run> {
        self.runs.iter().find(|run| run.attempt == attempt.number)
    }
}
