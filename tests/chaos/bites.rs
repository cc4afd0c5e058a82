//! Tests of the check itself, on handwritten histories: the check must report violations and accept valid histories.
//! Times are in milliseconds.

use http::StatusCode;
use tower_webhook::Settlement::{self, Completed, Lost, Pending, Released};

use crate::{
    check::{History, Report, Span, Store, Why},
    ledger::{End, Line, Micros, Note, RunId},
    provider::{Answer, Attempt},
    story::tell,
};

/// The time at which these histories begin.
const BEGINNING: Micros = 1_000_000_000;

fn ms(time: u64) -> Micros {
    BEGINNING + time * 1000
}

fn span(from: u64, to: u64) -> Span {
    Span { from: ms(from), to: ms(to) }
}

/// A builder for the history of one event.
struct Story(History);

impl Story {
    fn new() -> Self {
        Self(History { events: 1, ..History::default() })
    }

    fn on_postgres(mut self) -> Self {
        self.0.store = Store::Postgres;
        self
    }

    fn line(mut self, replica: u32, at: u64, note: Note) -> Self {
        self.0.lines.push(Line { at: ms(at), replica, note });
        self
    }

    /// Adds a run for attempt `number` that is claimed at `claimed` and starts two milliseconds later.
    fn begun(self, replica: u32, number: u32, claimed: u64) -> Self {
        self.line(replica, claimed + 2, Note::Start(run(claimed), number))
    }

    fn effect(self, replica: u32, claimed: u64, at: u64) -> Self {
        self.line(replica, at, Note::Effect(run(claimed)))
    }

    fn ended(self, replica: u32, claimed: u64, at: u64, end: End) -> Self {
        self.effect(replica, claimed, at).ended_without_effect(replica, claimed, at, end)
    }

    fn ended_without_effect(self, replica: u32, claimed: u64, at: u64, end: End) -> Self {
        self.line(replica, at, Note::End(run(claimed), end))
    }

    fn settled(self, replica: u32, claimed: u64, at: u64, how: impl Into<Option<Settlement>>) -> Self {
        self.line(replica, at, Note::Settled(run(claimed), how.into()))
    }

    /// Adds a complete run in `replica`, for attempt `number`, and its response.
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

    /// Asserts that the check reports no violation.
    #[track_caller]
    fn passes(self) -> Report {
        let report = self.check();
        assert_eq!(report.violations, [], "{}", tell(&self.0, 0));
        report
    }

    /// Asserts that the check reports this violation.
    #[track_caller]
    fn fails(self, what: &str) {
        let found: Vec<_> = self.check().violations.into_iter().map(|violation| violation.what).collect();
        assert!(found.iter().any(|found| found.contains(what)), "{found:?}\n{}", tell(&self.0, 0));
    }
}

fn run(claimed: u64) -> RunId {
    RunId { event: 0, fencing: ms(claimed) }
}

/// Returns an event that is handled at the first attempt, and a duplicate.
fn fine() -> Story {
    Story::new().handled(1, 0, 10, 30).answered(2, 1, 50, 55, Answer::Duplicate)
}

/// Returns a run in replica 1, claimed at 10 and ended at 3000, and another in replica 2, claimed at 2000.
fn overlapping(settled: Option<Settlement>) -> Story {
    let first = Story::new().begun(1, 0, 10).ended(1, 10, 3000, End::Succeeded).settled(1, 10, 3003, settled);
    first.answered(1, 0, 9, 3005, Answer::Handled(ms(10))).handled(2, 1, 2000, 2050)
}

/// Returns a run in replica 1 that succeeds at 30 without being settled, and another in replica 2, claimed at
/// `next`.
fn unsettled(next: u64) -> Story {
    let first = Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Succeeded);
    first.answered(1, 0, 9, 32, Answer::BrokenOff).handled(2, 1, next, next + 40)
}

#[test]
fn a_valid_history_has_no_violations() {
    let report = fine().passes();
    assert_eq!((report.runs, report.run_again.len(), report.overlaps.len()), (1, 0, 0));
}

#[test]
fn a_lost_event_is_reported() {
    Story::new().fails("never acknowledged");
    let failed = Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Failed).settled(1, 10, 32, Released);
    let failed = failed.answered(1, 0, 9, 35, Answer::Failed(ms(10)));
    failed.fails("never acknowledged");
    Story::new().answered(1, 0, 5, 8, Answer::Duplicate).fails("no run succeeded");
}

#[test]
fn an_acknowledgement_without_a_completed_run_is_reported() {
    const WRONG: &str = "acknowledged before a run succeeded";
    Story::new().answered(1, 0, 5, 8, Answer::Handled(ms(6))).fails(WRONG);
    // The response names the run of another attempt.
    fine().answered(1, 2, 60, 65, Answer::Handled(ms(10))).fails(WRONG);
    // The response came before the run ended.
    let early = Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Succeeded).settled(1, 10, 32, Completed);
    early.answered(1, 0, 9, 20, Answer::Handled(ms(10))).fails(WRONG);
    // The response calls the attempt a duplicate of a run that is in progress or has failed.
    fine().answered(2, 2, 12, 15, Answer::Duplicate).fails("duplicate of a run that had not succeeded");
    let failed = Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Failed).settled(1, 10, 32, Released);
    let failed = failed.answered(1, 0, 9, 35, Answer::Failed(ms(10)));
    failed.answered(1, 1, 40, 42, Answer::Duplicate).fails("duplicate of a run that had not succeeded");
}

#[test]
fn overlapping_runs_need_an_owner_that_was_cut_off() {
    const WRONG: &str = "two runs overlap";
    overlapping(Some(Lost)).fails(WRONG);
    let count = |story: Story| story.passes().overlaps.into_iter().collect::<Vec<_>>();
    assert_eq!(count(overlapping(Some(Lost)).suspended(1, 500, 1990)), [(Why::ReplicaSuspended, 1)]);
    assert_eq!(count(overlapping(Some(Lost)).outage(600, 1900)), [(Why::StoreAway, 1)]);
    let blocked = Note::Stalled(ms(100), ms(2900));
    assert_eq!(count(overlapping(Some(Lost)).line(1, 100, blocked)), [(Why::ReplicaStalled, 1)]);
    // A short suspension during the stall must not hide the longer stall.
    let both = overlapping(Some(Lost)).line(1, 100, blocked).suspended(1, 900, 1000);
    assert_eq!(both.passes().overlaps.len(), 1);
    // None of these can be the cause: another replica was suspended, the interruption was too short, or it began just
    // before or after the second claim.
    overlapping(Some(Lost)).suspended(2, 500, 1990).fails(WRONG);
    overlapping(Some(Lost)).suspended(1, 500, 1000).fails(WRONG);
    overlapping(Some(Lost)).suspended(1, 1900, 3000).fails(WRONG);
    overlapping(Some(Lost)).suspended(1, 2100, 3000).fails(WRONG);
    overlapping(Some(Lost)).outage(1800, 1900).fails(WRONG);
    // A completed claim was not lost, even if its owner was cut off.
    overlapping(Some(Completed)).suspended(1, 500, 1990).fails(WRONG);
    // A killed owner's handler runs until the kill and not after it.
    let cut_short = |death| {
        let first = Story::new().begun(1, 0, 10).answered(1, 0, 9, death + 1, Answer::BrokenOff);
        first.killed(1, death).handled(2, 1, 2000, 2050)
    };
    assert_eq!(cut_short(1000).passes().overlaps.len(), 0);
    cut_short(2010).fails(WRONG);
}

#[test]
fn the_claim_of_a_killed_owner_lasts_until_its_lease_expires() {
    let killed = |next| {
        let first = Story::new().begun(1, 0, 10).answered(1, 0, 9, 101, Answer::BrokenOff);
        first.killed(1, 100).handled(2, 1, next, next + 40)
    };
    assert_eq!(killed(1510).passes().run_again[&(Why::ReplicaKilled, false)], 1);
    killed(1400).fails("before its lease expired");
    killed(1400).outage(200, 1300).fails("before its lease expired");
}

#[test]
fn a_completed_event_must_not_run_again() {
    let again = || fine().handled(2, 2, 5000, 5040);
    again().fails("ran again after it was completed");
    again().outage(100, 4000).killed(1, 40).suspended(1, 10, 4000).fails("ran again after it was completed");
}

#[test]
fn an_unsettled_success_needs_a_reason_to_run_again() {
    assert_eq!(unsettled(2000).killed(1, 31).passes().run_again[&(Why::ReplicaKilled, true)], 1);
    unsettled(2000).fails("ran again without a cause");
    // The run should have been settled before these faults.
    unsettled(2000).killed(1, 900).fails("ran again without a cause");
    unsettled(2000).suspended(1, 500, 1900).fails("ran again without a cause");
    // The settlement was retried while Redis was down, until the owner died or the lease expired.
    let pending = |next| {
        let first =
            Story::new().begun(1, 0, 10).ended(1, 10, 30, End::Succeeded).settled(1, 10, 1031, Pending);
        first.answered(1, 0, 9, 1033, Answer::Handled(ms(10))).handled(2, 1, next, next + 40)
    };
    assert_eq!(pending(2000).outage(20, 1990).passes().run_again[&(Why::StoreAway, true)], 1);
    assert_eq!(pending(2000).outage(900, 1100).killed(1, 1200).passes().run_again.len(), 1);
    // The owner was suspended from before the retry until after the lease expired.
    assert_eq!(pending(2000).outage(20, 600).suspended(1, 1100, 1990).passes().run_again.len(), 1);
    pending(2000).outage(20, 600).suspended(1, 1400, 1990).fails("ran again without a cause");
    // Redis was available again long before the lease expired.
    pending(2000).outage(20, 600).fails("ran again without a cause");
    pending(2000).fails("settlement failed while the store was available");
    pending(9000).outage(20, 600).killed(1, 4000).fails("ran again without a cause");
}

#[test]
fn a_failed_run_is_a_cause_for_another() {
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
fn a_runs_settlement_must_match_its_end() {
    let settled = |end, how: Option<Settlement>| {
        fine().begun(1, 2, 5000).ended(1, 5000, 5010, end).settled(1, 5000, 5012, how)
    };
    settled(End::Failed, Some(Completed)).fails("unsuccessful run was completed");
    settled(End::Succeeded, Some(Released)).fails("successful run was released");
    settled(End::Succeeded, Some(Lost)).fails("claim was lost although its owner was not cut off");
    settled(End::Succeeded, Some(Pending)).fails("settlement failed while the store was available");
    let unknown = settled(End::Succeeded, None).answered(1, 2, 4999, 5015, Answer::Handled(ms(5000)));
    unknown.fails("acknowledged before its run was settled");
    fine().begun(1, 2, 5000).fails("has no end");
    fine().begun(1, 2, 5000).ended(1, 5000, 5010, End::Failed).fails("has no settlement");
}

#[test]
fn responses_must_be_correct() {
    let answered = |answer| fine().answered(2, 2, 5000, 5005, answer);
    answered(Answer::Duplicate).passes();
    answered(Answer::HungUp).passes();
    answered(Answer::InProgress).fails("although its claim was free");
    answered(Answer::StoreUnavailable).fails("although the store was available");
    answered(Answer::StoreUnavailable).outage(4900, 5004).passes();
    answered(Answer::HandlerTimeout).fails("although the handler had time left");
    answered(Answer::Failed(ms(10))).fails("failure was reported for a run that did not fail");
    answered(Answer::BrokenOff).fails("connection ended although neither the replica nor the handler failed");
    answered(Answer::BrokenOff).killed(2, 5001).passes();
    answered(Answer::Unexpected(StatusCode::UNAUTHORIZED)).fails("unexpected response");
    answered(Answer::TimedOut).fails("no response in time");
    answered(Answer::TimedOut).suspended(2, 5001, 6000).passes();
    // `InProgress` is a valid response while the event is in progress, and not afterwards.
    let put_off = |sent| fine().answered(2, 2, sent, sent + 1, Answer::InProgress);
    put_off(12).passes();
    put_off(40).fails("although its claim was free");
}

#[test]
fn the_ledger_must_be_consistent() {
    fine().begun(2, 2, 10).fails("same fencing token");
    fine().line(1, 60, Note::Effect(run(11))).fails("has no start");
}

/// Returns a run on Postgres in replica 1, claimed at 10 and ended at 30, without an effect.
fn without_effect(end: End, settlement: Settlement, answer: Answer) -> Story {
    let run = Story::new().on_postgres().begun(1, 0, 10).ended_without_effect(1, 10, 30, end);
    run.settled(1, 10, 33, settlement).answered(1, 0, 9, 35, answer)
}

#[test]
fn on_postgres_each_event_has_exactly_one_effect() {
    const TWICE: &str = "effect happened more than once";
    const MISSING: &str = "effect is missing";
    fine().on_postgres().passes();
    // Twice in the same run, in a run that the ledger does not know, and in an earlier run, whatever happened to it.
    assert_eq!(fine().effect(1, 10, 31).passes().effects_more_than_once, 1);
    fine().on_postgres().effect(1, 10, 31).fails(TWICE);
    fine().on_postgres().effect(3, 11, 31).fails("has no start");
    for end in [End::Succeeded, End::Failed, End::Panicked, End::Dropped] {
        let twice =
            Story::new().on_postgres().begun(1, 0, 10).ended(1, 10, 30, end).handled(2, 1, 2000, 2040);
        twice.killed(1, 31).suspended(1, 12, 1990).outage(12, 1990).fails(TWICE);
    }
    // The handler succeeded, but its effect is missing.
    let missing = || without_effect(End::Succeeded, Completed, Answer::Handled(ms(10)));
    missing().fails(MISSING);
    missing().killed(1, 31).outage(12, 1990).suspended(1, 12, 1990).fails(MISSING);
    missing().fails("acknowledged before a run succeeded");
    missing().answered(2, 1, 50, 55, Answer::Duplicate).fails("duplicate of a run that had not succeeded");
    // An earlier run without an effect does not count.
    let failed = || without_effect(End::Failed, Released, Answer::Failed(ms(10)));
    failed().fails(MISSING);
    failed().handled(2, 1, 50, 80).passes();
}

#[test]
fn on_postgres_no_run_begins_after_the_effect() {
    const WRONG: &str = "ran again after its effect was committed";
    let again = |end| {
        let first = Story::new().on_postgres().begun(1, 0, 10).ended(1, 10, 30, end);
        first
            .begun(2, 1, 2000)
            .ended_without_effect(2, 2000, 2040, End::Failed)
            .settled(2, 2000, 2043, Released)
    };
    for end in [End::Succeeded, End::Failed, End::Panicked, End::Dropped] {
        again(end).killed(1, 31).suspended(1, 12, 1990).outage(12, 1990).fails(WRONG);
    }
}

#[test]
fn on_postgres_the_commit_decides_the_settlement() {
    let committed = |end, settlement, answer| {
        let run =
            Story::new().on_postgres().begun(1, 0, 10).ended(1, 10, 30, end).settled(1, 10, 33, settlement);
        run.answered(1, 0, 9, 35, answer).answered(2, 1, 50, 55, Answer::Duplicate)
    };
    committed(End::Failed, Completed, Answer::Failed(ms(10))).passes();
    committed(End::Panicked, Completed, Answer::BrokenOff).passes();
    committed(End::Failed, Released, Answer::Failed(ms(10))).fails("successful run was released");
    committed(End::Failed, Lost, Answer::Failed(ms(10))).fails("lost although its effect was committed");
    without_effect(End::Failed, Completed, Answer::Failed(ms(10))).fails("unsuccessful run was completed");
    // A success without a commit is answered with 500, and runs again.
    let forgotten = |settlement, answer| without_effect(End::Succeeded, settlement, answer);
    let again = forgotten(Released, Answer::Uncommitted).handled(2, 1, 50, 80).passes();
    assert_eq!(again.run_again[&(Why::Uncommitted, false)], 1);
    forgotten(Released, Answer::Handled(ms(10))).fails("acknowledged before a run succeeded");
    // A committed success is answered with 500 only if the layer could not read the row.
    const WRONG: &str = "answered with 500 although its effect was committed";
    committed(End::Succeeded, Completed, Answer::Uncommitted).fails(WRONG);
    committed(End::Succeeded, Pending, Answer::Uncommitted).outage(20, 600).passes();
    fine().answered(1, 2, 60, 65, Answer::Uncommitted).fails(WRONG);
}

#[test]
fn a_claim_locked_by_its_own_transaction_may_be_lost_once_the_transaction_ends() {
    let lost = |locked| {
        let run = Story::new().on_postgres().begun(1, 0, 10).line(1, locked, Note::Locked(run(10)));
        let run = run.ended_without_effect(1, 10, 2000, End::Failed).settled(1, 10, 2005, Lost);
        run.answered(1, 0, 9, 2006, Answer::Failed(ms(10))).handled(2, 1, 2001, 2040)
    };
    lost(15).passes();
    lost(1500).fails("claim was lost although its owner was not cut off");
}
