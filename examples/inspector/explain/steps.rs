//! The pipeline, a step for each thing that is done with a request.

use serde::Serialize;
use tower_webhook::{
    Delivery, HandlerEnd, Outcome, OutcomeKind, Rejection, RejectionKind as Kind, Settlement,
};

use super::{Seen, words};

#[derive(Clone, Serialize)]
pub(super) struct Step {
    name: &'static str,
    state: State,
    text: String,
    notes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Passed,
    Failed,
    /// It ended here, and well: a handshake, a duplicate, an ignored event.
    Ended,
    Running,
    /// It did not come to that.
    Skipped,
}

impl Step {
    fn new(name: &'static str, state: State, text: impl Into<String>) -> Self {
        Self { name, state, text: text.into(), notes: Vec::new() }
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }
}

/// What became of it, in a line.
pub(super) fn headline(seen: &Seen<'_>) -> String {
    let Some(outcome) = seen.outcome else { return "The handler is running".to_owned() };
    let status = outcome.status().map(|status| status.as_u16());
    match (outcome.kind(), outcome.handler()) {
        (OutcomeKind::Accepted, Some(end)) => {
            let text = match end {
                HandlerEnd::Completed => "Verified and handled",
                HandlerEnd::Failed => "Verified, but the handler failed",
                HandlerEnd::Panicked => "Verified, but the handler panicked",
                HandlerEnd::TimedOut => "Verified, but the handler took too long",
                _ => "Verified, but the handler was cancelled",
            };
            match seen.kind() {
                Some(Kind::AckDeadline) => format!("{text}, after the provider was asked to come back"),
                _ => text.to_owned(),
            }
        }
        (OutcomeKind::Duplicate, _) => "A duplicate: it was handled before".to_owned(),
        (OutcomeKind::Handshake, _) => "A handshake, answered".to_owned(),
        (OutcomeKind::Ignored, _) => "Ignored: its event type was not asked for".to_owned(),
        (OutcomeKind::Acknowledged, _) => "Acknowledged, although it could not be decoded".to_owned(),
        (OutcomeKind::Rejected, _) => match seen.kind() {
            Some(Kind::InProgress) => "Put off: the same delivery is being handled now".to_owned(),
            Some(kind) => format!("Rejected: {}", kind.as_str().replace('_', " ")),
            None => format!("Rejected with {}", status.unwrap_or_default()),
        },
        _ => "The client left before the handler was called".to_owned(),
    }
}

/// What the step says at which it was refused, as other reasons are written.
pub(super) fn refusal(steps: &[Step]) -> Option<String> {
    let step = steps.iter().find(|step| matches!(step.state, State::Failed | State::Ended))?;
    let mut characters = step.text.chars();
    let first = characters.next()?.to_lowercase();
    Some(format!("{first}{}", characters.as_str().trim_end_matches('.')))
}

/// Every step, also those that it did not come to.
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
        // A handler that fails has its claim released all the same.
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

    fn reason(&self) -> String {
        let rejection = self.rejection();
        let kind = || rejection.map(|rejection| rejection.kind().as_str().replace('_', " "));
        let text = rejection.and_then(|rejection| words::causes(rejection)).or_else(kind);
        sentence(&words::bounded(&text.unwrap_or_default(), 512))
    }

    /// How old the signed timestamp was, and what is tolerated.
    fn age(&self) -> Option<String> {
        let signed = self.delivery.and_then(Delivery::timestamp).or(self.noted.timestamp)?;
        let age = match self.came_at().duration_since(signed) {
            Ok(age) if age.as_secs() == 0 => "Signed in the second before it came".to_owned(),
            Ok(age) => format!("Signed {} s before it came", age.as_secs()),
            Err(ahead) => format!("Signed {} s ahead of this clock", ahead.duration().as_secs()),
        };
        Some(format!("{age}; tolerated: {}.", self.tolerance()))
    }

    fn tolerance(&self) -> String {
        let tolerance = self.rules.tolerance;
        let past = tolerance.past().map_or("any time".to_owned(), words::duration);
        format!("{past} old, {} ahead", words::duration(tolerance.future()))
    }

    /// What the provider signs, and where it puts that.
    fn how_it_signs(&self) -> Vec<String> {
        let Some(signing) = self.rules.signing() else {
            let name = self.rules.source.name();
            return vec![format!("How {name} signs is in its documentation: no template says it.")];
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
                "{} shows the secret itself, in {places}. It does not protect the body.",
                self.rules.source.name()
            ),
        }]
    }

    /// The signature was found wrong once the body was there.
    fn unsigned(&self) -> bool {
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
    if seen.ended_as(OutcomeKind::Handshake) && !seen.noted.begun {
        return Step::new(
            HEAD,
            State::Ended,
            "A handshake that needs no signature; the layer has answered it.",
        );
    }
    if seen.outcome.is_some() && !seen.noted.finished && seen.unsigned() {
        return Step::new(HEAD, State::Failed, seen.reason())
            .note("Refused by its head alone: no byte of the body was read.")
            .notes(seen.how_it_signs());
    }
    let step = Step::new(HEAD, State::Passed, "Has what its signature needs.");
    match seen.age().filter(|_| seen.noted.timestamp.is_some()) {
        Some(age) => step.note(age),
        None if seen.rules.signing().is_some_and(|signing| signing.timestamp.is_none()) => {
            step.note("No timestamp is signed: an old request is only known by its id.")
        }
        None => step,
    }
}

fn body(seen: &Seen<'_>) -> Step {
    let limit = words::bytes(seen.rules.body_limit as u64);
    if !seen.noted.finished && seen.outcome.is_some() {
        let text = match seen.kind() {
            Some(Kind::BodyTooLarge) => match seen.arrival.content_length {
                Some(length) => format!("It announces {}, and the limit is {limit}.", words::bytes(length)),
                None => format!("It is larger than the limit of {limit}."),
            },
            Some(Kind::BodyTooSlow) => {
                format!("It had not arrived within {}.", words::duration(seen.rules.body_timeout))
            }
            Some(_) => seen.reason(),
            None => "The client left while it was sending.".to_owned(),
        };
        let received = match seen.noted.received {
            0 => "No byte of it was read.".to_owned(),
            some => format!("{} were read.", words::bytes(some as u64)),
        };
        return Step::new(BODY, State::Failed, text).note(received);
    }
    let received = words::bytes(seen.noted.received as u64);
    Step::new(BODY, State::Passed, format!("{received}, within the limit of {limit}."))
}

fn signature(seen: &Seen<'_>) -> Step {
    let Some(delivery) = seen.delivery else {
        let text = match seen.rejection() {
            Some(_) => seen.reason(),
            None => "The client left while it was being checked.".to_owned(),
        };
        return Step::new(SIGNATURE, State::Failed, text).notes(seen.how_it_signs());
    };
    let (index, secrets) = (delivery.secret_index(), &seen.rules.secrets);
    let which = match (secrets.len(), secrets.iter().nth(index).and_then(|secret| secret.key_id())) {
        (1, None) => "It is right.".to_owned(),
        (count, None) => format!("It is right: secret {} of {count} matches.", index + 1),
        (count, Some(id)) => format!("It is right: secret {} of {count} matches, key id {id}.", index + 1),
    };
    let step = Step::new(SIGNATURE, State::Passed, which).notes(seen.how_it_signs());
    match seen.age().filter(|_| seen.noted.timestamp.is_none()) {
        Some(age) => step.note(age),
        None => step,
    }
}

fn payload(seen: &Seen<'_>) -> Step {
    if seen.ended_as(OutcomeKind::Handshake) {
        return Step::new(PAYLOAD, State::Ended, "A signed handshake; the layer has answered it.");
    }
    if seen.ended_as(OutcomeKind::Ignored) {
        return Step::new(
            PAYLOAD,
            State::Ended,
            "Its event type was not asked for: answered 200, not decoded.",
        );
    }
    if seen.ended_as(OutcomeKind::Acknowledged) {
        return Step::new(PAYLOAD, State::Failed, "It could not be decoded: answered 200, and not handled.");
    }
    if seen.kind() == Some(Kind::Undecodable) {
        return Step::new(PAYLOAD, State::Failed, seen.reason());
    }
    Step::new(PAYLOAD, State::Passed, "No handshake: the payload goes to the handler.")
}

fn claim(seen: &Seen<'_>) -> Step {
    let key = seen.delivery.and_then(Delivery::dedupe_key).map(|key| format!("Key: `{key}`"));
    let window = words::duration(seen.rules.window);
    if seen.ended_as(OutcomeKind::Duplicate) {
        let text = "Completed before: answered 200 at once, and the handler was not called.";
        let store = format!("Handled deliveries are remembered for {window}, in {}.", seen.rules.store);
        return Step::new(CLAIM, State::Ended, text).notes(key).note(store);
    }
    let was_called = seen.outcome.is_none_or(|outcome| outcome.handler().is_some());
    if !was_called {
        let (state, text) = match seen.kind() {
            Some(Kind::InProgress) => (
                State::Ended,
                "Another request holds the claim: its handler is running, and how that ends is not known yet."
                    .to_owned(),
            ),
            Some(_) => (State::Failed, seen.reason()),
            None => (State::Failed, "The client left while it was being claimed.".to_owned()),
        };
        return Step::new(CLAIM, state, text).notes(key);
    }
    let attempt = seen.delivery.and_then(Delivery::attempt);
    let attempt = attempt.map(|attempt| format!("The provider says that it is attempt {attempt}."));
    match (key, seen.delivery.and_then(Delivery::fencing_token)) {
        (Some(key), Some(run)) => Step::new(CLAIM, State::Passed, "Claimed: nobody else runs it.")
            .note(key)
            .notes(attempt)
            .note(format!("Lease: {}, extended while the handler runs.", words::duration(seen.rules.lease)))
            .note(format!("Fencing number: {run}")),
        (key, _) => Step::new(CLAIM, State::Passed, "Not deduped: a copy of it would run as well.")
            .notes(key)
            .note(match seen.delivery.and_then(Delivery::id) {
                None => "Its provider gives it no id by which it would be known again.",
                Some(_) => "The store could not be asked.",
            }),
    }
}

fn handler(seen: &Seen<'_>) -> Step {
    let limit = words::duration(seen.rules.handler_timeout);
    let Some(outcome) = seen.outcome else {
        return Step::new(HANDLER, State::Running, format!("Running; it may take {limit}."));
    };
    let answer = |verb: &str| match outcome.status() {
        Some(status) if outcome.rejection().is_none() => format!("{verb} {}.", status.as_u16()),
        _ => "It has ended.".to_owned(),
    };
    let (state, text) = match outcome.handler() {
        Some(HandlerEnd::Completed) => (State::Passed, answer("It answered")),
        Some(HandlerEnd::Failed) => (State::Failed, answer("It failed: it answered")),
        Some(HandlerEnd::Panicked) => {
            (State::Failed, "It panicked: the panic goes on, and the connection is closed.".to_owned())
        }
        Some(HandlerEnd::TimedOut) => (State::Failed, format!("It had not finished within {limit}.")),
        _ => (State::Failed, "It was dropped while it ran, since its client hung up.".to_owned()),
    };
    let time = outcome.handler_time().map(|time| format!("It took {}.", words::took(time)));
    let step = Step::new(HANDLER, state, text).notes(time);
    match (outcome.rejection().map(Rejection::kind), seen.rules.ack_deadline) {
        (Some(Kind::AckDeadline), Some(deadline)) => step.note(format!(
            "It had not finished at the ack deadline of {}: 503 was answered then, and it went on.",
            words::duration(deadline)
        )),
        _ => step,
    }
}

fn settle(seen: &Seen<'_>) -> Step {
    let time = seen.outcome.and_then(Outcome::store_time);
    let time = time.map(|time| format!("The store took {} in all.", words::took(time)));
    settled(seen).notes(time)
}

fn settled(seen: &Seen<'_>) -> Step {
    let window = words::duration(seen.rules.window);
    match seen.outcome.and_then(Outcome::settlement) {
        Some(Settlement::Completed) => Step::new(
            SETTLE,
            State::Passed,
            format!("Completed: for {window} a copy is answered as a duplicate."),
        ),
        Some(Settlement::Released) => {
            Step::new(SETTLE, State::Passed, "Released: the provider's next attempt runs.")
        }
        Some(Settlement::Lost) => {
            Step::new(SETTLE, State::Failed, "The lease had run out before: another run may have begun.")
        }
        Some(_) => {
            Step::new(SETTLE, State::Failed, "The store failed; it is tried again while the lease lives.")
        }
        None if seen.delivery.is_some_and(Delivery::is_deduped) => {
            Step::new(SETTLE, State::Passed, "Released in the background: the provider's next attempt runs.")
        }
        None => Step::new(SETTLE, State::Skipped, "There was no claim to settle."),
    }
}

/// With a capital at its beginning and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '…']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}
