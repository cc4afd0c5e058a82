//! What became of a request, in words: step by step, and what to do about it.

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
    watch::{Noted, Trace},
};

/// A request that came, as long as it is not known how it ends.
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

/// What the page is told of a request.
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

/// What the page's list shows of it.
#[derive(Clone, Serialize)]
pub(crate) struct Summary {
    pub(crate) number: u64,
    /// When it came, in milliseconds since the epoch.
    at: u64,
    from: SocketAddr,
    /// The outcome, or `running`.
    outcome: &'static str,
    status: Option<u16>,
    kind: Option<&'static str>,
    handler: Option<&'static str>,
    provider: &'static str,
    /// Id, type and key are known once it is verified, and never before.
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
    /// How many bytes it takes up, about.
    pub(crate) fn weight(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        4096 + self.payload.weight() + headers.sum::<usize>()
    }

    /// The same with what was found out since, instead of what is only likely.
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

    /// Its handler has begun.
    pub(crate) fn running(&self, delivery: &Delivery) -> Explained {
        self.explained(Some(delivery), None)
    }

    /// It has ended.
    pub(crate) fn ended(&self, outcome: &Outcome) -> Explained {
        self.explained(outcome.delivery(), Some(outcome))
    }

    fn explained(&self, delivery: Option<&Delivery>, outcome: Option<&Outcome>) -> Explained {
        let noted = self.trace.noted().clone();
        let seen = Seen { arrival: self, rules: &self.rules, noted: &noted, delivery, outcome };
        let rejection = outcome.and_then(Outcome::rejection);
        let text = |text: &str| words::bounded(text, 512);
        let steps = steps::all(&seen);
        // What is behind it, or else what the step that failed says.
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
            timestamp: delivery.and_then(Delivery::timestamp).or(noted.timestamp).map(words::milliseconds),
            summary,
        }
    }
}

/// All that is known of a request.
struct Seen<'a> {
    arrival: &'a Arrival,
    rules: &'a Rules,
    noted: &'a Noted,
    /// Once it is verified.
    delivery: Option<&'a Delivery>,
    /// Once it has ended.
    outcome: Option<&'a Outcome>,
}

impl Seen<'_> {
    /// When it came, by the clock that signatures are judged by.
    fn came_at(&self) -> SystemTime {
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
