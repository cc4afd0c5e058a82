//! The steps in which the layer processes a request.

use std::time::Duration;

use serde::Serialize;
use tower_webhook::{
    Delivery, HandlerEnd, Outcome, OutcomeKind, Rejection, RejectionKind as Kind, Settlement,
    verify::Location,
};

use super::{Seen, shape, words};

#[derive(Clone, Serialize)]
pub(super) struct Step {
    name: &'static str,
    state: State,
    text: String,
    notes: Vec<String>,
    /// Names and values that few readers need.
    more: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Passed,
    Failed,
    /// The request ended here, but not because of an error: it is, for example, a handshake, a
    /// duplicate or an ignored event.
    Ended,
    Running,
    /// The step was not reached.
    Skipped,
}

impl Step {
    fn new(name: &'static str, state: State, text: impl Into<String>) -> Self {
        Self { name, state, text: text.into(), notes: Vec::new(), more: Vec::new() }
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn more(mut self, name: &'static str, value: Option<String>) -> Self {
        self.more.extend(value.map(|value| (name, value)));
        self
    }

    fn notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }
}

/// Returns the outcome in one line.
pub(super) fn headline(seen: &Seen<'_>) -> String {
    let Some(outcome) = seen.outcome else {
        let is_forwarded = seen.rules.forward.is_some();
        return if is_forwarded { "Your service is running" } else { "The handler is running" }.to_owned();
    };
    let status = outcome.status().map(|status| status.as_u16());
    match (outcome.kind(), outcome.handler()) {
        (OutcomeKind::Accepted, Some(end)) => {
            let text = match end {
                HandlerEnd::Completed => "Verified and handled",
                HandlerEnd::Failed => "Verified, but the handler failed",
                HandlerEnd::Panicked => "Verified, but the handler panicked",
                HandlerEnd::TimedOut => "Verified, but the handler timed out",
                _ => "Verified, but the handler was cancelled",
            };
            let text = match seen.rules.forward {
                Some(_) => text.replace("the handler", "your service"),
                None => text.to_owned(),
            };
            match seen.kind() {
                Some(Kind::AckDeadline) => format!("{text}, after the ack deadline"),
                _ => text,
            }
        }
        (OutcomeKind::Duplicate, _) => "Duplicate: already handled".to_owned(),
        (OutcomeKind::Handshake, _) => "Verification handshake, answered".to_owned(),
        (OutcomeKind::Ignored, _) => "Ignored: its event type is not selected".to_owned(),
        (OutcomeKind::Acknowledged, _) => "Acknowledged, but not handled: undecodable payload".to_owned(),
        (OutcomeKind::Rejected, _) => match seen.kind() {
            Some(Kind::InProgress) => "Rejected for now: duplicate of a delivery in progress".to_owned(),
            Some(kind) => format!("Rejected: {}", kind.as_str().replace('_', " ")),
            None => format!("Rejected with {}", status.unwrap_or_default()),
        },
        _ => "The client disconnected before the handler was called".to_owned(),
    }
}

/// Returns the text of the step that rejected the request. Like other reasons, it begins with a lower-case letter and
/// has no full stop.
pub(super) fn refusal(steps: &[Step]) -> Option<String> {
    let step = steps.iter().find(|step| matches!(step.state, State::Failed | State::Ended))?;
    let mut characters = step.text.chars();
    let first = characters.next()?.to_lowercase();
    Some(format!("{first}{}", characters.as_str().trim_end_matches('.')))
}

/// Returns all steps, including those that were not reached.
pub(super) fn all(seen: &Seen<'_>) -> Vec<Step> {
    type Explain = fn(&Seen<'_>) -> Step;
    let steps: [(&'static str, Explain); 7] = [
        (HEAD, head),
        (BODY, body),
        (SIGNATURE, signature),
        (PAYLOAD, payload),
        (CLAIM, claim),
        (HANDLER, handler),
        (SETTLE, settle),
    ];
    let mut reached = true;
    let mut all = Vec::new();
    for (name, step) in steps {
        let step = match reached {
            true => step(seen),
            false if seen.outcome.is_none() => Step::new(name, State::Skipped, "Not yet."),
            false => Step::new(name, State::Skipped, "Not reached."),
        };
        // The claim is settled even if the handler failed.
        reached = match step.state {
            State::Passed => true,
            State::Failed => name == HANDLER,
            State::Ended | State::Running | State::Skipped => false,
        };
        all.push(step);
    }
    all
}

const HEAD: &str = "Head";
const BODY: &str = "Body";
const SIGNATURE: &str = "Signature";
const PAYLOAD: &str = "Payload";
const CLAIM: &str = "Claim";
const HANDLER: &str = "Handler";
const SETTLE: &str = "Settle";

impl<'a> Seen<'a> {
    pub(super) fn rejection(&self) -> Option<&'a Rejection> {
        self.outcome.and_then(Outcome::rejection)
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.rejection().map(Rejection::kind)
    }

    /// Returns the reason why the service did not respond in forward mode.
    pub(super) fn no_answer(&self) -> Option<&'a str> {
        self.record.forwarded.as_ref()?.result.as_ref().err().map(String::as_str)
    }

    /// Returns the sources of a rejection, in the inspector's words where it knows more than the layer.
    pub(super) fn causes(&self, rejection: &Rejection) -> Option<String> {
        let causes = words::causes(rejection)?;
        if let Some(name) = shape::empty_header(self, &causes) {
            return Some(format!("`{name}` header is empty"));
        }
        match (rejection.kind(), self.distance()) {
            (Kind::StaleTimestamp, Some((distance, ahead))) => {
                let (direction, tolerance) = match ahead {
                    true => ("ahead", self.rules.tolerance.future()),
                    false => ("old", self.rules.tolerance.past()?),
                };
                let (distance, tolerance) = (words::age(distance), words::duration(tolerance));
                Some(format!(
                    "timestamp is {distance} {direction}, which exceeds the tolerance of {tolerance}"
                ))
            }
            _ => Some(causes),
        }
    }

    /// Returns the distance between the signed timestamp and the time of arrival, and whether the timestamp is ahead.
    pub(super) fn distance(&self) -> Option<(Duration, bool)> {
        let signed = self.delivery.and_then(Delivery::timestamp).or(self.record.timestamp)?;
        Some(match self.arrived_at().duration_since(signed) {
            Ok(age) => (age, false),
            Err(ahead) => (ahead.duration(), true),
        })
    }

    fn reason(&self) -> String {
        let rejection = self.rejection();
        let kind = || rejection.map(|rejection| rejection.kind().as_str().replace('_', " "));
        let text = rejection.and_then(|rejection| self.causes(rejection)).or_else(kind);
        sentence(&words::bounded(&text.unwrap_or_default(), 512))
    }

    /// Describes the age of the signed timestamp, and the tolerance: `signed 0.4 s earlier (allowed: 300 s)`.
    pub(super) fn age(&self) -> Option<String> {
        let tolerance = self.rules.tolerance;
        let (distance, ahead) = self.distance()?;
        let age = words::age(distance);
        Some(match ahead {
            false => {
                let allowed = tolerance.past().map_or("any age".to_owned(), words::duration);
                format!("signed {age} earlier (allowed: {allowed})")
            }
            true => format!("signed {age} in the future (allowed: {})", words::duration(tolerance.future())),
        })
    }

    /// Describes the signed content, and the location of the signature.
    fn scheme_notes(&self) -> Vec<String> {
        let Some(signing) = self.rules.signing() else {
            let name = self.rules.source.name();
            return vec![format!(
                "No template can express the signature scheme of {name}. The documentation of its constructor describes the scheme."
            )];
        };
        let places: Vec<_> = signing.places().iter().map(|place| words::place(place)).collect();
        let places = places.join(" or ");
        vec![match signing.template() {
            Some(template) => {
                format!(
                    "{} signs `{template}` with {}, in {places}.",
                    self.rules.source.name(),
                    signing.algorithm
                )
            }
            None => format!(
                "{} sends the secret itself, in {places}. This does not protect the body.",
                self.rules.source.name()
            ),
        }]
    }

    /// Returns whether verification failed.
    fn failed_verification(&self) -> bool {
        matches!(
            self.kind(),
            Some(
                Kind::MissingSignature
                    | Kind::MalformedSignature
                    | Kind::WrongSignature
                    | Kind::StaleTimestamp
                    | Kind::VerifierUnavailable
                    | Kind::UnknownEndpoint
            )
        )
    }
}

fn head(seen: &Seen<'_>) -> Step {
    if seen.ended_as(OutcomeKind::Handshake) && !seen.record.begun {
        return Step::new(
            HEAD,
            State::Ended,
            "An unsigned verification handshake; the layer has answered it.",
        );
    }
    if seen.outcome.is_some() && !seen.record.finished && seen.failed_verification() {
        return Step::new(HEAD, State::Failed, seen.reason())
            .note("Rejected from the headers alone: no byte of the body was read.")
            .notes(seen.scheme_notes());
    }
    let in_headers = |place: &String| place.starts_with("header:");
    let text = match seen.rules.signing().is_none_or(|signing| signing.places().iter().all(in_headers)) {
        true => "All signature headers present.",
        false => "All values for the signature present.",
    };
    let step = Step::new(HEAD, State::Passed, text);
    match seen.age().filter(|_| seen.record.timestamp.is_some()) {
        Some(age) => step.note(sentence(&age)),
        None if seen.rules.signing().is_some_and(|signing| signing.timestamp.is_none()) => {
            step.note("No timestamp is signed, so only deduplication detects a replayed request.")
        }
        None => step,
    }
}

fn body(seen: &Seen<'_>) -> Step {
    let limit = words::bytes(seen.rules.body_limit as u64);
    if !seen.record.finished && seen.outcome.is_some() {
        let text = match seen.kind() {
            Some(Kind::BodyTooLarge) => match seen.arrival.content_length {
                Some(length) => {
                    format!("The declared length, {}, exceeds the limit of {limit}.", words::bytes(length))
                }
                None => format!("The body exceeds the limit of {limit}."),
            },
            Some(Kind::BodyTooSlow) => {
                format!("The body did not arrive within {}.", words::duration(seen.rules.body_timeout))
            }
            Some(_) => seen.reason(),
            None => "The client disconnected while it was sending.".to_owned(),
        };
        let received = match seen.record.received {
            0 => "No byte of the body was read.".to_owned(),
            some => format!("{} were read.", words::bytes(some as u64)),
        };
        return Step::new(BODY, State::Failed, text).note(received);
    }
    let received = words::bytes(seen.record.received as u64);
    Step::new(BODY, State::Passed, format!("{received}, within the limit of {limit}."))
}

fn signature(seen: &Seen<'_>) -> Step {
    let Some(delivery) = seen.delivery else {
        let text = match seen.rejection() {
            Some(_) => seen.reason(),
            None => "The client disconnected during verification.".to_owned(),
        };
        return Step::new(SIGNATURE, State::Failed, text).notes(seen.scheme_notes());
    };
    let (index, secrets) = (delivery.secret_index(), &seen.rules.secrets);
    let which = match (secrets.len(), secrets.iter().nth(index).and_then(|secret| secret.key_id())) {
        (1, None) => "Signature valid.".to_owned(),
        (count, None) => format!("Signature valid: secret {} of {count} matches.", index + 1),
        (count, Some(id)) => {
            format!("Signature valid: secret {} of {count} matches, key id {id}.", index + 1)
        }
    };
    let step = Step::new(SIGNATURE, State::Passed, which).notes(seen.scheme_notes());
    match seen.age().filter(|_| seen.record.timestamp.is_none()) {
        Some(age) => step.note(sentence(&age)),
        None => step,
    }
}

fn payload(seen: &Seen<'_>) -> Step {
    if seen.ended_as(OutcomeKind::Handshake) {
        return Step::new(
            PAYLOAD,
            State::Ended,
            "A signed verification handshake; the layer has answered it.",
        );
    }
    if seen.ended_as(OutcomeKind::Ignored) {
        return Step::new(
            PAYLOAD,
            State::Ended,
            "Its event type is not selected: answered 200, not decoded.",
        );
    }
    if seen.ended_as(OutcomeKind::Acknowledged) {
        return Step::new(PAYLOAD, State::Failed, "Undecodable: answered 200, not handled.");
    }
    if seen.kind() == Some(Kind::Undecodable) {
        return Step::new(PAYLOAD, State::Failed, seen.reason());
    }
    Step::new(PAYLOAD, State::Passed, "Not a handshake: the payload is for the handler.")
}

fn claim(seen: &Seen<'_>) -> Step {
    let key = seen.delivery.and_then(Delivery::dedupe_key).map(|key| format!("`{key}`"));
    let window = words::duration(seen.rules.window);
    if seen.ended_as(OutcomeKind::Duplicate) {
        let text = "Completed before: answered 200 without calling the handler.";
        let store = format!("Deduplication window: {window}; store: {}.", seen.rules.store);
        return Step::new(CLAIM, State::Ended, text).note(store).more("Key", key);
    }
    let was_called = seen.outcome.is_none_or(|outcome| outcome.handler().is_some());
    if !was_called {
        let (state, text) = match seen.kind() {
            Some(Kind::InProgress) => (
                State::Ended,
                "Another request holds the claim, and its handler is still running: answered 503, so that the provider retries later."
                    .to_owned(),
            ),
            Some(_) => (State::Failed, seen.reason()),
            None => (State::Failed, "The client disconnected during the claim.".to_owned()),
        };
        return Step::new(CLAIM, state, text).more("Key", key);
    }
    let attempt = seen.delivery.and_then(Delivery::attempt);
    let attempt = attempt.map(|attempt| format!("Attempt {attempt}, according to the provider."));
    match (key, seen.delivery.and_then(Delivery::fencing_token)) {
        (Some(key), Some(run)) => {
            Step::new(CLAIM, State::Passed, "Claimed: no other request runs this delivery.")
                .notes(attempt)
                .more("Key", Some(key))
                .more(
                    "Lease",
                    Some(format!("{}, extended while the handler runs", words::duration(seen.rules.lease))),
                )
                .more("Fencing token", Some(run.to_string()))
        }
        (key, _) => Step::new(CLAIM, State::Passed, "Not deduplicated: a duplicate would run as well.")
            .more("Key", key)
            .note(match (seen.delivery.and_then(Delivery::id), seen.rules.profile.id().first()) {
                (None, None) => "The provider sends no delivery id.".to_owned(),
                (None, Some(Location::Header(name))) => format!("This request has no `{name}` header."),
                (None, Some(place)) => {
                    format!(
                        "This request has no delivery id: {} is missing.",
                        words::place(&place.to_string())
                    )
                }
                (Some(_), _) => "The store was unavailable.".to_owned(),
            }),
    }
}

fn handler(seen: &Seen<'_>) -> Step {
    let limit = words::duration(seen.rules.handler_timeout);
    let Some(outcome) = seen.outcome else {
        return Step::new(HANDLER, State::Running, format!("Running; the timeout is {limit}."));
    };
    let answer = |verb: &str| match outcome.status() {
        Some(status) if outcome.rejection().is_none() => format!("{verb} {}.", status.as_u16()),
        _ => "Ended.".to_owned(),
    };
    let (state, text) = match outcome.handler() {
        Some(HandlerEnd::Completed) => (State::Passed, answer("Answered")),
        Some(HandlerEnd::Failed) => (State::Failed, answer("Failed: answered")),
        Some(HandlerEnd::Panicked) => {
            (State::Failed, "Panicked: the layer resumes the panic, which closes the connection.".to_owned())
        }
        Some(HandlerEnd::TimedOut) => (State::Failed, format!("Not finished within {limit}.")),
        _ => (State::Failed, "Dropped while it ran, because the client disconnected.".to_owned()),
    };
    let time = outcome.handler_time().map(|time| format!("Took {}.", words::took(time)));
    let forward = seen.rules.forward.as_ref().map(|url| format!("Forwarded to `{url}`."));
    let no_answer = seen.no_answer().map(sentence);
    let step = Step::new(HANDLER, state, text).notes(time).notes(forward).notes(no_answer);
    match (outcome.rejection().map(Rejection::kind), seen.rules.ack_deadline) {
        (Some(Kind::AckDeadline), Some(deadline)) => step.note(format!(
            "Still running at the ack deadline of {}: the layer answered 503, and the handler continued.",
            words::duration(deadline)
        )),
        _ => step,
    }
}

fn settle(seen: &Seen<'_>) -> Step {
    let time = seen.outcome.and_then(Outcome::store_time);
    let time = time.map(|time| format!("The store took {} in total.", words::took(time)));
    settled(seen).notes(time)
}

fn settled(seen: &Seen<'_>) -> Step {
    let window = words::duration(seen.rules.window);
    match seen.outcome.and_then(Outcome::settlement) {
        Some(Settlement::Completed) => Step::new(
            SETTLE,
            State::Passed,
            format!("Completed: for {window}, duplicates get a 200 and do not run."),
        ),
        Some(Settlement::Released) => {
            Step::new(SETTLE, State::Passed, "Released: the provider's next attempt runs.")
        }
        Some(Settlement::Lost) => {
            Step::new(SETTLE, State::Failed, "The lease had expired: another run may have started.")
        }
        Some(_) => {
            Step::new(SETTLE, State::Failed, "The store failed: the layer retries until the lease expires.")
        }
        None if seen.delivery.is_some_and(Delivery::is_deduped) => {
            Step::new(SETTLE, State::Passed, "Released in the background: the provider's next attempt runs.")
        }
        None => Step::new(SETTLE, State::Skipped, "There was no claim to settle."),
    }
}

/// Capitalizes a text and adds a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '…']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}
