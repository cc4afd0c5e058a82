//! The explanation of a request: its steps, and hints on how to fix a rejection.

mod answer;
mod hints;
mod payload;
mod redact;
mod remarks;
mod secret_values;
mod shape;
mod steps;
mod words;
mod wrong_path;

use std::{net::SocketAddr, sync::Arc, time::SystemTime};

use axum::http::{HeaderMap, Version, request::Parts};
use bytes::Bytes;
use serde::Serialize;
use tower_webhook::{Delivery, Outcome, OutcomeKind, RejectionKind};

use self::{answer::Answer, payload::Payload, redact::Redactor, steps::Step};
pub(crate) use self::{hints::Hint, words::place};
use crate::{
    received::{NotKept, Received, Recorder},
    report,
    rules::Rules,
    watch::{MAX_BODY, Record, Trace},
};

/// The maximum length of a line on standard output that is kept.
const MAX_LINE: usize = 2 * MAX_BODY;

/// A request that has arrived.
pub(crate) struct Arrival {
    number: u64,
    from: SocketAddr,
    at: SystemTime,
    request: Line,
    headers: Vec<(String, String)>,
    /// The headers as they arrived, which the page does not get.
    unmasked: HeaderMap,
    content_length: Option<u64>,
    trace: Trace,
    recorder: Recorder,
    rules: Arc<Rules>,
    /// The time in the file that the request is replayed from, in milliseconds since the epoch.
    recorded_at: Option<u64>,
}

/// The details of a request, for the page.
#[derive(Clone, Serialize)]
pub(crate) struct Explained {
    #[serde(flatten)]
    pub(crate) summary: Summary,
    pub(crate) headline: String,
    request: Line,
    steps: Vec<Step>,
    hints: Vec<Hint>,
    /// What is unusual in an accepted delivery.
    remarks: Vec<String>,
    headers: Vec<(String, String)>,
    payload: Payload,
    /// The response of the service in forward mode.
    answer: Option<Answer>,
    /// The time when the request was first received, if it is replayed from a file.
    recorded_at: Option<u64>,
    /// The signed timestamp, in milliseconds since the epoch.
    timestamp: Option<u64>,
    /// The request as it arrived, which the page does not get.
    #[serde(skip)]
    pub(crate) received: Result<Arc<Received>, NotKept>,
    /// The reason why the request cannot be sent again.
    not_kept: Option<&'static str>,
    /// The payload that the handler got, if it differs from the body as received.
    #[serde(skip)]
    pub(crate) decoded: Option<Bytes>,
    /// The line on standard output, once the request has ended.
    #[serde(skip)]
    pub(crate) line: Option<Arc<str>>,
}

/// The summary of a request, for the page's list.
#[derive(Clone, Serialize)]
pub(crate) struct Summary {
    pub(crate) number: u64,
    /// The time of arrival, in milliseconds since the epoch.
    at: u64,
    from: SocketAddr,
    /// The outcome, or `running`.
    outcome: &'static str,
    status: Option<u16>,
    kind: Option<&'static str>,
    handler: Option<&'static str>,
    provider: &'static str,
    /// Id, event type and key are only set once the request is verified.
    pub(crate) verified: bool,
    id: Option<String>,
    event_type: Option<String>,
    key: Option<String>,
    ms: Option<f64>,
    /// Whether the request is replayed from a file.
    replayed: bool,
    reason: Option<String>,
    /// The certain cause of a rejection, in a few words.
    finding: Option<String>,
}

#[derive(Clone, Serialize)]
struct Line {
    method: String,
    target: String,
    version: &'static str,
}

impl Summary {
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(crate) fn event_type(&self) -> Option<&str> {
        self.event_type.as_deref()
    }

    /// Returns whether a second delivery is a duplicate.
    pub(crate) fn is_deduped(&self) -> bool {
        self.key.is_some()
    }
}

impl Explained {
    /// Returns the line on standard output with the request's number and time of arrival, in seconds since the epoch.
    /// Returns `None` until the request has ended.
    pub(crate) fn exported(&self) -> Option<String> {
        let Summary { number, at, .. } = self.summary;
        let fields = self.line.as_deref()?.strip_prefix('{')?;
        Some(format!("{{\"number\": {number}, \"time\": {}.{:03}, {fields}", at / 1000, at % 1000))
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        let answer = self.answer.as_ref().map_or(0, Answer::weight);
        let received = self.received.as_ref().map_or(0, |received| received.weight());
        let decoded = self.decoded.as_ref().map_or(0, Bytes::len);
        let line = self.line.as_ref().map_or(0, |line| line.len());
        4096 + self.payload.weight() + headers.sum::<usize>() + received + decoded + line + answer
    }

    /// Replaces the hints by the cause that was found.
    pub(crate) fn with(&self, found: Hint) -> Self {
        let summary = Summary { finding: found.finding.clone(), ..self.summary.clone() };
        Self { summary, hints: vec![found], ..self.clone() }
    }
}

impl Arrival {
    pub(crate) fn new(
        number: u64,
        from: SocketAddr,
        head: &Parts,
        trace: Trace,
        recorder: Recorder,
        rules: Arc<Rules>,
    ) -> Self {
        let redactor = Redactor::new(&rules);
        let request = Line {
            method: words::bounded(head.method.as_str(), 20),
            target: redactor.target(&head.uri),
            version: version(head.version),
        };
        let length = head.headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
        Self {
            number,
            from,
            at: SystemTime::now(),
            request,
            headers: redactor.headers(&head.headers),
            unmasked: head.headers.clone(),
            content_length: length,
            trace,
            recorder,
            rules,
            recorded_at: None,
        }
    }

    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Sets when the request was first received, if it is replayed from a file.
    pub(crate) fn replayed(self, recorded_at: Option<u64>) -> Self {
        Self { recorded_at, ..self }
    }

    /// Returns the body as it arrived, if it has arrived whole.
    pub(crate) fn whole_body(&self, outcome: &Outcome) -> Option<Bytes> {
        if let Some(delivery) = outcome.delivery() {
            return Some(delivery.raw().clone());
        }
        let received = self.recorder.received().ok().map(|received| received.body.clone());
        received.or_else(|| self.trace.record().whole.clone())
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Explains the request once its handler runs.
    pub(crate) fn running(&self, delivery: &Delivery) -> Explained {
        self.explained(Some(delivery), None)
    }

    /// Explains the request once it has ended.
    pub(crate) fn ended(&self, outcome: &Outcome, line: String) -> Explained {
        let line = match line.len() <= MAX_LINE {
            true => line,
            false => {
                let forwarded = self.trace.record().forwarded.clone();
                report::outcome_without_payload(outcome, &self.rules, forwarded.as_ref())
            }
        };
        Explained { line: Some(line.into()), ..self.explained(outcome.delivery(), Some(outcome)) }
    }

    fn explained(&self, delivery: Option<&Delivery>, outcome: Option<&Outcome>) -> Explained {
        let record = self.trace.record().clone();
        let seen = Seen { arrival: self, rules: &self.rules, record: &record, delivery, outcome };
        let rejection = outcome.and_then(Outcome::rejection);
        let received = self.recorder.received();
        let text = |text: &str| words::bounded(text, 512);
        let steps = steps::all(&seen);
        // The sources of the rejection, or else the text of the failed step.
        let reason = rejection.map(|rejection| match seen.causes(rejection) {
            Some(causes) => text(&causes),
            None => steps::refusal(&steps).unwrap_or_default(),
        });
        let hints = hints::for_rejected(&seen);
        let summary = Summary {
            number: self.number,
            at: words::milliseconds(self.at),
            from: self.from,
            outcome: outcome.map_or("running", |outcome| outcome.kind().as_str()),
            status: outcome.and_then(Outcome::status).map(|status| status.as_u16()),
            kind: rejection.map(|rejection| rejection.kind().as_str()),
            handler: outcome.and_then(Outcome::handler).map(|end| end.as_str()),
            provider: self.rules.source.id(),
            verified: delivery.is_some(),
            id: delivery.and_then(Delivery::id).map(text),
            event_type: delivery.and_then(Delivery::event_type).map(text),
            key: delivery.and_then(Delivery::dedupe_key).map(ToString::to_string),
            ms: outcome.map(|outcome| outcome.elapsed().as_secs_f64() * 1000.0),
            replayed: self.recorded_at.is_some(),
            reason,
            finding: hints.iter().find_map(|hint| hint.finding.clone()).or_else(|| seen.measured()),
        };
        Explained {
            headline: steps::headline(&seen),
            steps,
            hints,
            remarks: remarks::on(&seen),
            request: self.request.clone(),
            headers: self.headers.clone(),
            payload: Payload::new(&seen),
            answer: Answer::new(&seen),
            recorded_at: self.recorded_at,
            timestamp: delivery.and_then(Delivery::timestamp).or(record.timestamp).map(words::milliseconds),
            not_kept: received.as_ref().err().map(|reason| reason.text()),
            received,
            decoded: delivery.and_then(decoded),
            line: None,
            summary,
        }
    }
}

/// Returns a copy of the payload, so that the rest of a larger buffer is freed.
fn decoded(delivery: &Delivery) -> Option<Bytes> {
    let payload = delivery.payload();
    (payload != delivery.raw() && payload.len() <= MAX_BODY).then(|| Bytes::copy_from_slice(payload))
}

/// The known facts about a request.
struct Seen<'a> {
    arrival: &'a Arrival,
    rules: &'a Rules,
    record: &'a Record,
    /// `None` until the request is verified.
    delivery: Option<&'a Delivery>,
    /// `None` until the request has ended.
    outcome: Option<&'a Outcome>,
}

impl Seen<'_> {
    /// Returns the time of arrival, by the clock that timestamps are compared with.
    fn arrived_at(&self) -> SystemTime {
        self.rules.now.unwrap_or(self.arrival.at)
    }

    /// Returns what exceeded its limit, in a few words.
    fn measured(&self) -> Option<String> {
        match self.kind()? {
            RejectionKind::StaleTimestamp => self.age(),
            RejectionKind::BodyTooLarge => {
                let limit = words::bytes(self.rules.body_limit as u64);
                let limit = limit.trim_end_matches(" bytes");
                Some(format!("{} (limit: {limit})", words::bytes(self.arrival.content_length?)))
            }
            _ => None,
        }
    }

    fn ended_as(&self, kind: OutcomeKind) -> bool {
        self.outcome.is_some_and(|outcome| outcome.kind() == kind)
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP",
    }
}
