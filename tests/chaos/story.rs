use std::time::Duration;

use crate::{
    LEASE,
    check::{History, Span},
    ledger::{Line, Micros, Note, micros},
    provider::Attempt,
};

/// Formats the history of one event for a failure report, with times in milliseconds since its first attempt.
pub fn tell(history: &History, event: u32) -> String {
    let mut story: Vec<(Micros, String)> = Vec::new();
    let store = history.store;
    let attempts = || history.attempts.iter().filter(|attempt| attempt.event == event);
    for attempt in attempts() {
        let Attempt { number, replica, sent, answered, answer, .. } = attempt;
        story.push((*sent, format!("provider: attempt {number} to replica {replica}")));
        story.push((*answered, format!("provider: attempt {number} is {answer:?}")));
    }
    for Line { at, replica, note } in &history.lines {
        let text = match note {
            Note::Start(run, attempt) if run.event == event => {
                let claimed = run.fencing;
                story.push((claimed, format!("{store}: {claimed} is claimed")));
                format!("{claimed} starts for attempt {attempt}")
            }
            Note::Locked(run) if run.event == event => format!("{} locks its claim", run.fencing),
            Note::Effect(run) if run.event == event => format!("{} takes effect", run.fencing),
            Note::End(run, end) if run.event == event => format!("{} ends: {end:?}", run.fencing),
            Note::Settled(run, it) if run.event == event => format!("{} is settled: {it:?}", run.fencing),
            _ => continue,
        };
        story.push((*at, format!("replica {replica}: {text}")));
    }
    // Add the faults that may have affected the event.
    let mut around = |replica: Option<u32>, span: Span, what: &str| {
        let concerns = |attempt: &&Attempt| {
            let held = Span { from: attempt.sent, to: attempt.answered + micros(LEASE) };
            replica.is_none_or(|replica| replica == attempt.replica) && span.meets(held)
        };
        if attempts().any(|attempt| concerns(&attempt)) {
            let who = replica.map_or(store.to_string(), |replica| format!("replica {replica}"));
            story.push((
                span.from,
                format!("{who} {what} for {:?}", Duration::from_micros(span.to - span.from)),
            ));
        }
    };
    history.deaths.iter().for_each(|(replica, span)| around(Some(*replica), *span, "is killed"));
    history.suspensions.iter().for_each(|(replica, span)| around(Some(*replica), *span, "is suspended"));
    history.outages.iter().for_each(|span| around(None, *span, "is unavailable"));
    for Line { replica, note, .. } in &history.lines {
        if let Note::Stalled(from, to) = *note {
            around(Some(*replica), Span { from, to }, "stalls");
        }
    }
    let first = attempts().map(|attempt| attempt.sent).min().unwrap_or(0);
    story.sort();
    let lines = story.into_iter().map(|(at, what)| {
        let at = (at as f64 - first as f64) / 1000.0;
        format!("{at:>12.3}  {what}\n")
    });
    lines.collect()
}
