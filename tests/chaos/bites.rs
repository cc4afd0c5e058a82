//! The check itself, on histories made by hand: it finds what is wrong, and leaves alone what may be.
//! Times are in milliseconds.

use http::StatusCode;
use tower_webhook::Settlement::{self, Completed, Lost, Pending, Released};

use crate::{
    check::{History, Report, Span, Why},
    ledger::{End, Line, Micros, Note, RunId},
    provider::{Answer, Attempt},
    story::tell,
};

/// When these histories begin.
const BEGINNING: Micros = 1_000_000_000;

fn ms(time: u64) -> Micros {
    BEGINNING + time * 1000
}

fn span(from: u64, to: u64) -> Span {
    Span { from: ms(from), to: ms(to) }
}

/// What is yet to be told of a history of one event.
struct Story(History);

impl Story {
    fn new() -> Self {
        Self(History { events: 1, ..History::default() })
    }

    fn line(mut self, replica: u32, at: u64, note: Note) -> Self {
        self.0.lines.push(Line { at: ms(at), replica, note });
        self
    }

    /// A run that is claimed at `claimed` for attempt `number`, and begins two milliseconds later.
    fn begun(self, replica: u32, number: u32, claimed: u64) -> Self {
        self.line(replica, claimed + 2, Note::Start(run(claimed), number))
    }

    fn ended(self, replica: u32, claimed: u64, at: u64, end: End) -> Self {
        let with_effect = self.line(replica, at, Note::Effect(run(claimed)));
        with_effect.line(replica, at, Note::End(run(claimed), end))
    }

    fn settled(self, replica: u32, claimed: u64, at: u64, how: impl Into<Option<Settlement>>) -> Self {
        self.line(replica, at, Note::Settled(run(claimed), how.into()))
    }

    /// A whole run in `replica`, for attempt `number`, which is answered.
    fn handled(self, replica: u32, number: u32, claimed: u64, end: u64) -> Self {
        let run = self.begun(replica, number, claimed).ended(replica, claimed, end, End::Succeeded);
        let run = run.settled(replica, claimed, end + 3, Completed);
        run.answered(replica, number, claimed - 1, end + 5, Answer::Handled(ms(claimed)))
    }

    fn answered(mut self, replica: u32, number: u32, sent: u64, answered: u64, answer: Answer) -> Self {
        let (sent, answered) = (ms(sent), ms(answered));
        self.0.attempts.push(Attempt { event: 0, number, replica, sent, answered, answer });
        self
    }

    fn killed(mut self, replica: u32, at: u64) -> Self {
        self.0.deaths.insert(replica, span(at, at + 1));
        self
    }

    fn suspended(mut self, replica: u32, from: u64, to: u64) -> Self {
        self.0.suspensions.push((replica, span(from, to)));
        self
    }

    fn outage(mut self, from: u64, to: u64) -> Self {
        self.0.outages.push(span(from, to));
        self
    }

    fn check(&self) -> Report {
        self.0.check()
    }

    /// Checks that nothing is found.
    #[track_caller]
    fn passes(self) -> Report {
        let report = self.check();
        assert_eq!(report.violations, [], "{}", tell(&self.0, 0));
        report
    }

    /// Checks that this is found.
    #[track_caller]
    fn fails(self, what: &str) {
        let found: Vec<_> = self.check().violations.into_iter().map(|violation| violation.what).collect();
        assert!(found.iter().any(|found| found.contains(what)), "{found:?}\n{}", tell(&self.0, 0));
    }
}

fn run(claimed: u64) -> RunId {
    RunId { event: 0, fencing: ms(claimed) }
}

/// Handled at once, and a copy answered.
fn fine() -> Story {
    Story::new().handled(1, 0, 10, 30).answered(2, 1, 50, 55, Answer::Duplicate)
}

/// A run that goes on from 10 to 3000 in replica 1, while another begins at 2000 in replica 2.
fn overlapping(settled: Option<Settlement>) -> Story {
    let first = Story::new().begun(1, 0, 10).ended(1, 10, 3000, End::Succeeded).settled(1, 10, 3003, settled);
    first.answered(1, 0, 9, 3005, Answer::Handled(ms(10))).handled(2, 1, 2000, 2050)
}

/// A run that succeeds in replica 1 at 30 and is not settled, and another in replica 2, claimed at `next`.
fn unsettled(next: u64) -> Story {
    let first = Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Succeeded);
    first.answered(1, 0, 9, 32, Answer::BrokenOff).handled(2, 1, next, next + 40)
}

#[test]
fn nothing_is_found_where_all_is_well() {
    let report = fine().passes();
    assert_eq!((report.runs, report.run_again.len(), report.overlaps.len()), (1, 0, 0));
}

#[test]
fn a_lost_event_is_found() {
    Story::new().fails("never acknowledged");
    let failed = Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Failed).settled(1, 10, 32, Released);
    let failed = failed.answered(1, 0, 9, 35, Answer::Failed(ms(10)));
    failed.fails("never acknowledged");
    Story::new().answered(1, 0, 5, 8, Answer::Duplicate).fails("no run that was completed");
}

#[test]
fn an_acknowledgement_without_a_completed_run_is_found() {
    const WRONG: &str = "without a run that was completed";
    Story::new().answered(1, 0, 5, 8, Answer::Handled(ms(6))).fails(WRONG);
    // By another run than the attempt's own.
    fine().answered(1, 2, 60, 65, Answer::Handled(ms(10))).fails(WRONG);
    // Answered before it ended.
    let early = Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Succeeded).settled(1, 10, 32, Completed);
    early.answered(1, 0, 9, 20, Answer::Handled(ms(10))).fails(WRONG);
    // A duplicate of what is still running, or has failed.
    fine().answered(2, 2, 12, 15, Answer::Duplicate).fails("duplicate of a run that was not completed");
    let failed = Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Failed).settled(1, 10, 32, Released);
    let failed = failed.answered(1, 0, 9, 35, Answer::Failed(ms(10)));
    failed.answered(1, 1, 40, 42, Answer::Duplicate).fails("duplicate of a run that was not completed");
}

#[test]
fn an_overlap_needs_an_owner_that_was_cut_off() {
    const WRONG: &str = "two runs overlap";
    overlapping(Some(Lost)).fails(WRONG);
    let count = |story: Story| story.passes().overlaps.into_iter().collect::<Vec<_>>();
    assert_eq!(count(overlapping(Some(Lost)).suspended(1, 500, 1990)), [(Why::ReplicaSuspended, 1)]);
    assert_eq!(count(overlapping(Some(Lost)).outage(600, 1900)), [(Why::RedisAway, 1)]);
    let blocked = Note::Stalled(ms(100), ms(2900));
    assert_eq!(count(overlapping(Some(Lost)).line(1, 100, blocked)), [(Why::ReplicaStalled, 1)]);
    // Suspended for a moment while its thread was blocked, which is no less of a reason.
    let both = overlapping(Some(Lost)).line(1, 100, blocked).suspended(1, 900, 1000);
    assert_eq!(both.passes().overlaps.len(), 1);
    // Another's suspension, a short one, one that had only just begun or came too late.
    overlapping(Some(Lost)).suspended(2, 500, 1990).fails(WRONG);
    overlapping(Some(Lost)).suspended(1, 500, 1000).fails(WRONG);
    overlapping(Some(Lost)).suspended(1, 1900, 3000).fails(WRONG);
    overlapping(Some(Lost)).suspended(1, 2100, 3000).fails(WRONG);
    overlapping(Some(Lost)).outage(1800, 1900).fails(WRONG);
    // Cut off or not, what was completed was not lost.
    overlapping(Some(Completed)).suspended(1, 500, 1990).fails(WRONG);
    // A killed owner's handler no longer runs; before that it does.
    let cut_short = |death| {
        let first = Story::new().begun(1, 0, 10).answered(1, 0, 9, death + 1, Answer::BrokenOff);
        first.killed(1, death).handled(2, 1, 2000, 2050)
    };
    assert_eq!(cut_short(1000).passes().overlaps.len(), 0);
    cut_short(2010).fails(WRONG);
}

#[test]
fn a_claim_outlives_its_owner_by_its_lease() {
    let killed = |next| {
        let first = Story::new().begun(1, 0, 10).answered(1, 0, 9, 101, Answer::BrokenOff);
        first.killed(1, 100).handled(2, 1, next, next + 40)
    };
    assert_eq!(killed(1510).passes().run_again[&(Why::ReplicaKilled, false)], 1);
    killed(1400).fails("whose lease had not run out");
    killed(1400).outage(200, 1300).fails("whose lease had not run out");
}

#[test]
fn nothing_runs_again_that_was_completed() {
    let again = || fine().handled(2, 2, 5000, 5040);
    again().fails("ran again though it was completed");
    again().outage(100, 4000).killed(1, 40).suspended(1, 10, 4000).fails("ran again though it was completed");
}

#[test]
fn what_succeeded_and_was_not_settled_runs_again_for_a_reason() {
    assert_eq!(unsettled(2000).killed(1, 31).passes().run_again[&(Why::ReplicaKilled, true)], 1);
    unsettled(2000).fails("ran again, and nothing explains it");
    // By then it should have been settled.
    unsettled(2000).killed(1, 900).fails("ran again, and nothing explains it");
    unsettled(2000).suspended(1, 500, 1900).fails("ran again, and nothing explains it");
    // Settling it was tried again while Redis was away, until its owner died or the lease ran out.
    let pending = |next| {
        let first =
            Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Succeeded).settled(1, 10, 1031, Pending);
        first.answered(1, 0, 9, 1033, Answer::Handled(ms(10))).handled(2, 1, next, next + 40)
    };
    assert_eq!(pending(2000).outage(20, 1990).passes().run_again[&(Why::RedisAway, true)], 1);
    assert_eq!(pending(2000).outage(900, 1100).killed(1, 1200).passes().run_again.len(), 1);
    // Before it was tried again its owner was suspended, until after the lease.
    assert_eq!(pending(2000).outage(20, 600).suspended(1, 1100, 1990).passes().run_again.len(), 1);
    pending(2000).outage(20, 600).suspended(1, 1400, 1990).fails("ran again, and nothing explains it");
    // Redis was there again long before the lease ran out.
    pending(2000).outage(20, 600).fails("ran again, and nothing explains it");
    pending(2000).fails("a settlement failed, and the store was there");
    pending(9000).outage(20, 600).killed(1, 4000).fails("ran again, and nothing explains it");
}

#[test]
fn failures_run_again_as_often_as_they_must() {
    let failing = |end| {
        let first = Story::new().begun(1, 0, 10).ended(1, 10, 30, end).settled(1, 10, 33, Released);
        first.handled(2, 1, 35, 60)
    };
    let failed = failing(End::Failed).answered(1, 0, 9, 35, Answer::Failed(ms(10)));
    assert_eq!(failed.passes().run_again[&(Why::Failed, false)], 1);
    let panicked = failing(End::Panicked).answered(1, 0, 9, 35, Answer::BrokenOff);
    assert_eq!(panicked.passes().run_again[&(Why::Panicked, false)], 1);
    let dropped = failing(End::Dropped).answered(1, 0, 9, 29, Answer::HungUp);
    assert_eq!(dropped.passes().effects_more_than_once, 1);
}

#[test]
fn a_run_is_settled_by_how_it_ended() {
    let settled = |end, how: Option<Settlement>| {
        fine().begun(1, 2, 5000).ended(1, 5000, 5010, end).settled(1, 5000, 5012, how)
    };
    settled(End::Failed, Some(Completed)).fails("did not succeed was completed");
    settled(End::Succeeded, Some(Released)).fails("that succeeded was released");
    settled(End::Succeeded, Some(Lost)).fails("a claim was lost, and its owner was not cut off");
    settled(End::Succeeded, Some(Pending)).fails("a settlement failed, and the store was there");
    let unknown = settled(End::Succeeded, None).answered(1, 2, 4999, 5015, Answer::Handled(ms(5000)));
    unknown.fails("acknowledged before it was settled");
    fine().begun(1, 2, 5000).fails("has not ended");
    fine().begun(1, 2, 5000).ended(1, 5000, 5010, End::Failed).fails("was not settled");
}

#[test]
fn answers_must_be_true() {
    let answered = |answer| fine().answered(2, 2, 5000, 5005, answer);
    answered(Answer::Duplicate).passes();
    answered(Answer::HungUp).passes();
    answered(Answer::InProgress).fails("nobody held its claim");
    answered(Answer::StoreUnavailable).fails("said to be unavailable");
    answered(Answer::StoreUnavailable).outage(4900, 5004).passes();
    answered(Answer::HandlerTimeout).fails("said to have taken too long");
    answered(Answer::Failed(ms(10))).fails("a failure was answered that was none");
    answered(Answer::BrokenOff).fails("neither replica nor handler died");
    answered(Answer::BrokenOff).killed(2, 5001).passes();
    answered(Answer::Unexpected(StatusCode::UNAUTHORIZED)).fails("no place here");
    answered(Answer::TimedOut).fails("not answered in time");
    answered(Answer::TimedOut).suspended(2, 5001, 6000).passes();
    // While it is running, and not once it is over.
    let put_off = |sent| fine().answered(2, 2, sent, sent + 1, Answer::InProgress);
    put_off(12).passes();
    put_off(40).fails("nobody held its claim");
}

#[test]
fn the_ledger_must_make_sense() {
    fine().begun(2, 2, 10).fails("one fencing number");
    fine().line(1, 60, Note::Effect(run(11))).fails("has not begun");
    for line in fine().line(3, 70, Note::Stalled(ms(1), ms(2))).settled(1, 10, 80, None).0.lines {
        assert_eq!(Line::parse(&line.to_string()), Some(line));
    }
}
