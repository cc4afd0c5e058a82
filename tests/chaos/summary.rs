use std::{collections::BTreeMap, fmt::Write, time::Duration};

use crate::{
    check::{History, Report},
    faults::Inflicted,
    ledger::{Micros, Note},
    provider::Answer,
};

/// The statistics of a run that its history does not contain.
pub struct Summary {
    pub seed: u64,
    pub inflicted: Vec<Inflicted>,
    /// The time during which events were sent and faults injected.
    pub sent_in: Duration,
    /// The time until all events were acknowledged and their duplicates, except the final ones, had a response.
    pub drained_in: Duration,
    /// The time until the final duplicate of each event had a response.
    pub lasted: Duration,
    /// Descriptions of replicas that exited without being killed.
    pub ended: Vec<String>,
}

impl Summary {
    pub fn tell(&self, history: &History, report: &Report) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| writeln!(text, "{name:>26}  {value}").unwrap();
        let attempts = history.attempts.len();
        let seconds = self.lasted.as_secs_f64();
        line("seed", self.seed.to_string());
        line("store", history.store.to_string());
        line("events", history.events.to_string());
        line("deliveries", format!("{attempts}, {:.0} a second", attempts as f64 / seconds));
        line("time", format!("{:.1?}, then {:.1?} to drain", self.sent_in, self.drained_in - self.sent_in));
        line("runs", report.runs.to_string());
        line(
            "ends of runs",
            counted(history.lines.iter().filter_map(|line| match line.note {
                Note::End(_, end) => Some(format!("{end:?}")),
                _ => None,
            })),
        );
        line(
            "settlements",
            counted(history.lines.iter().filter_map(|line| match line.note {
                Note::Settled(_, None) => Some("Unknown".to_owned()),
                Note::Settled(_, Some(settlement)) => Some(format!("{settlement:?}")),
                _ => None,
            })),
        );
        let again = |succeeded| {
            let again = report.run_again.iter().filter(|((_, after), _)| *after == succeeded);
            listed(again.map(|((why, _), count)| (format!("{why:?}"), *count)))
        };
        line("run again after failure", again(false));
        line("run again after success", again(true));
        line("overlaps", listed(report.overlaps.iter().map(|(why, count)| (format!("{why:?}"), *count))));
        line("repeated effects", report.effects_more_than_once.to_string());
        line("missing effects", report.events_without_effect.to_string());
        line(
            "responses",
            counted(history.attempts.iter().map(|attempt| match attempt.answer {
                Answer::Handled(_) => "Handled".to_owned(),
                Answer::Failed(_) => "Failed".to_owned(),
                answer => format!("{answer:?}"),
            })),
        );
        line("faults", counted(self.inflicted.iter().map(|it| format!("{:?}", it.fault))));
        let stalls = history.lines.iter().filter(|line| matches!(line.note, Note::Stalled(..))).count();
        line("stalls", stalls.to_string());
        let away: Micros = history.outages.iter().map(|span| span.to - span.from).sum();
        line(
            &format!("outages of {}", history.store),
            format!("{} times, {:.1?}", history.outages.len(), Duration::from_micros(away)),
        );
        line("slowest acknowledgement", format!("{:.1?}", longest_to_acknowledge(history)));
        line("violations", report.violations.len().to_string());
        text
    }
}

fn longest_to_acknowledge(history: &History) -> Duration {
    let mut events: BTreeMap<u32, (Micros, Micros)> = BTreeMap::new();
    for attempt in &history.attempts {
        let (sent, acknowledged) = events.entry(attempt.event).or_insert((Micros::MAX, Micros::MAX));
        *sent = attempt.sent.min(*sent);
        if attempt.answer.acknowledges() {
            *acknowledged = attempt.answered.min(*acknowledged);
        }
    }
    let acknowledged = events.values().filter(|(_, acknowledged)| *acknowledged < Micros::MAX);
    Duration::from_micros(acknowledged.map(|(sent, acknowledged)| acknowledged - sent).max().unwrap_or(0))
}

fn counted(names: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    listed(counts.into_iter())
}

fn listed(counts: impl Iterator<Item = (String, u32)>) -> String {
    let counts: Vec<_> = counts.map(|(name, count)| format!("{name} {count}")).collect();
    if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
}
