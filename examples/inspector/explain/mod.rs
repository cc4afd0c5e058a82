//! The explanation of a request: its steps, and hints on how to fix a rejection.

mod hints;
mod payload;
mod redact;
mod steps;
mod words;

use std::{net::SocketAddr, sync::Arc, time::SystemTime};

use axum::http::{Version, request::Parts};
use serde::Serialize;
use tower_webhook::{Delivery, Outcome, OutcomeKind};

pub(crate) use self::hints::Hint;
use self::{payload::Payload, redact::Redactor, steps::Step};
use crate::{
    rules::Rules,
    watch::{Record, Trace},
};

/// A request that has arrived.
pub(crate) struct Arrival {
    number: u64,
    from: SocketAddr,
    at: SystemTime,
    request: Line,
    headers: Vec<(String, String)>,
    content_length: Option<u64>,
    trace: Trace,
    rules: Arc<Rules>,
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
    headers: Vec<(String, String)>,
    payload: Payload,
    /// The signed timestamp, in milliseconds since the epoch.
    timestamp: Option<u64>,
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
    verified: bool,
    id: Option<String>,
    event_type: Option<String>,
    key: Option<String>,
    ms: Option<f64>,
    reason: Option<String>,
}

#[derive(Clone, Serialize)]
struct Line {
    method: String,
    target: String,
    version: &'static str,
}

impl Explained {
    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        4096 + self.payload.weight() + headers.sum::<usize>()
    }

    /// Replaces the hints by the cause that was found.
    pub(crate) fn with(&self, found: Hint) -> Self {
        Self { hints: vec![found], ..self.clone() }
    }
}

impl Arrival {
    pub(crate) fn new(number: u64, from: SocketAddr, head: &Parts, trace: Trace, rules: Arc<Rules>) -> Self {
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
            content_length: length,
            trace,
            rules,
        }
    }

    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Explains the request once its handler runs.
    pub(crate) fn running(&self, delivery: &Delivery) -> Explained {
        self.explained(Some(delivery), None)
    }

    /// Explains the request once it has ended.
    pub(crate) fn ended(&self, outcome: &Outcome) -> Explained {
        self.explained(outcome.delivery(), Some(outcome))
    }

    fn explained(&self, delivery: Option<&Delivery>, outcome: Option<&Outcome>) -> Explained {
        let record = self.trace.record().clone();
        let seen = Seen { arrival: self, rules: &self.rules, record: &record, delivery, outcome };
        let rejection = outcome.and_then(Outcome::rejection);
        let text = |text: &str| words::bounded(text, 512);
        let steps = steps::all(&seen);
        // The sources of the rejection, or else the text of the failed step.
        let reason = rejection.map(|rejection| match words::causes(rejection) {
            Some(causes) => text(&causes),
            None => steps::refusal(&steps).unwrap_or_default(),
        });
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
            reason,
        };
        Explained {
            headline: steps::headline(&seen),
            steps,
            hints: hints::for_rejected(&seen),
            request: self.request.clone(),
            headers: self.headers.clone(),
            payload: Payload::new(&seen),
            timestamp: delivery.and_then(Delivery::timestamp).or(record.timestamp).map(words::milliseconds),
            summary,
        }
    }
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
