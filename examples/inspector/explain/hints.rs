//! What most often is behind a rejection, and what cures it.

use serde::Serialize;
use tower_webhook::{HandlerEnd, Outcome, RejectionKind as Kind};

use super::{Seen, words};
use crate::provider;

#[derive(Clone, Serialize)]
pub(crate) struct Hint {
    cause: String,
    cure: String,
}

impl Hint {
    /// What is known to be the cause, and not only often is.
    pub(crate) fn found(cause: &str, cure: String) -> Self {
        Self { cause: format!("Found: {cause}"), cure }
    }
}

fn hint(cause: &'static str, cure: impl Into<String>) -> Hint {
    Hint { cause: cause.to_owned(), cure: cure.into() }
}

pub(super) fn for_rejected(seen: &Seen<'_>) -> Vec<Hint> {
    let rules = seen.rules;
    match seen.kind() {
        Some(Kind::MissingSignature) => missing(seen),
        Some(Kind::MalformedSignature) => vec![
            hint(
                "Another provider, or another version of its signatures",
                "Compare the header with the provider's documentation; `--provider list` names those with several versions.",
            ),
            hint(
                "A proxy that joins, splits or decodes headers",
                "The signature's header must arrive as it was sent, and once.",
            ),
        ],
        Some(Kind::StaleTimestamp) => stale(seen),
        Some(Kind::WrongSignature | Kind::UnknownEndpoint) => wrong(seen),
        Some(Kind::BodyTooLarge) => vec![hint(
            "A payload that is larger than the limit",
            format!(
                "The limit is {}. If the provider sends more: `--body-limit BYTES`, in code `WebhookLayer::body_limit`.",
                words::bytes(rules.body_limit as u64)
            ),
        )],
        Some(Kind::BodyTooSlow | Kind::BodyInterrupted) => vec![hint(
            "A connection that is slow or broke off",
            "The provider sends it again. If it happens often, look at the proxy in between.",
        )],
        Some(Kind::InProgress) => vec![hint(
            "The same delivery, sent twice at once, or again before its handler had finished",
            "Nothing to do: 503 with Retry-After asks the provider to come back, and it gets 200 once the first has succeeded. A 200 now would lose the event if the first then failed.",
        )],
        Some(Kind::AckDeadline) => vec![hint(
            "A handler that is slower than the provider waits",
            "If it always is: store the delivery, answer, and work afterwards. See “Slow handlers” on the crate's page.",
        )],
        Some(Kind::StoreUnavailable) => vec![hint(
            "The dedupe store cannot be reached",
            "Until it can, deliveries are answered 503. If the provider retries, none is lost. `on_store_failure(StoreFailure::Proceed)` handles them undeduped instead.",
        )],
        Some(Kind::HandlerTimeout) => vec![hint(
            "A handler that hangs",
            format!(
                "It may take {}; its claim is released, and the next attempt runs.",
                words::duration(rules.handler_timeout)
            ),
        )],
        Some(Kind::VerifierUnavailable) => vec![hint(
            "A key that could not be fetched",
            "The provider is asked to try again. Is there a `--secret` with the key id that it names?",
        )],
        Some(_) => Vec::new(),
        None => handled(seen),
    }
}

fn stale(seen: &Seen<'_>) -> Vec<Hint> {
    let clock = hint(
        "A clock that is off",
        "Compare this machine's time with the real one, and let NTP keep it. The provider's may be off as well.",
    );
    if seen.noted.timestamp.is_some_and(|signed| signed > seen.came_at()) {
        return vec![clock];
    }
    vec![
        hint(
            "An old request, sent again",
            "A pasted `curl` or a stored request is stale after a while: sign it anew. A provider's own retries are signed anew each time.",
        ),
        clock,
        hint(
            "A queue or a tunnel that held it up",
            "Only if that is meant: `--tolerance SECONDS`, in code `WebhookLayer::tolerance`. It bounds how long a leaked request is of use.",
        ),
    ]
}

fn missing(seen: &Seen<'_>) -> Vec<Hint> {
    if let Some(found) = of_another(seen) {
        return vec![found];
    }
    let mut hints = vec![
        hint(
            "A request that the provider did not send",
            "A browser, a scanner or a `curl` without a signature. Refusing it is right.",
        ),
        hint(
            "No secret is set at the provider",
            "Many sign only once a secret is set for the endpoint: look at its settings.",
        ),
        hint(
            "Another provider than this is started for",
            format!("This one verifies {}; see `--provider list`.", seen.rules.source.id()),
        ),
    ];
    if seen.arrival.headers.len() > 2 {
        hints.push(hint(
            "A proxy that drops headers it does not know",
            "Compare the headers below with what the provider says it sent.",
        ));
    }
    hints
}

/// Whose signature there is, if there is that of another provider.
fn of_another(seen: &Seen<'_>) -> Option<Hint> {
    // Credentials are in it for all sorts of things.
    let is_telling = |name: &&String| *name != "authorization";
    let names = seen.arrival.headers.iter().map(|(name, _)| name).filter(is_telling);
    let (name, providers) =
        names.filter_map(|name| Some((name, provider::with_signature_in(name)?))).next()?;
    if providers.iter().any(|id| *id == seen.rules.source.id()) {
        return None;
    }
    let options: Vec<_> = providers.iter().take(3).map(|id| format!("`--provider {id}`")).collect();
    let cure = format!("It has the `{name}` header. Start this with {}.", options.join(" or "));
    Some(Hint::found("the signature of another provider", cure))
}

fn wrong(seen: &Seen<'_>) -> Vec<Hint> {
    let rules = seen.rules;
    let signing = rules.signing();
    let mut hints = Vec::new();
    let covers_the_body = rules.profile.body_signed();
    if covers_the_body {
        hints.push(hint(
            "The body was changed on its way",
            "A proxy or a body parser that reads it and writes it anew changes bytes, were it only white space or a line break at the end. What is verified must be the raw bytes: put the layer before anything that reads them.",
        ));
    }
    hints.push(hint(
        "Another secret",
        "Each endpoint has one of its own, and test and live mode differ. Copy it whole, with its prefix (`whsec_`) and without spaces. While it is rotated give both: `--secret NEW --secret OLD`.",
    ));
    if signing.as_ref().is_some_and(|signing| signing.covers_the_url()) || signing.is_none() {
        let taken = match &rules.public_url {
            Some(url) => format!("`--public-url` says {url}"),
            None => "none is given, so `https://` and the host header are taken".to_owned(),
        };
        hints.push(hint(
            "Another URL, where the provider signs that",
            format!("Behind a proxy the service sees another scheme, host or path than the provider called. Now: {taken}."),
        ));
    }
    hints
}

/// Of what was accepted, and not handled.
fn handled(seen: &Seen<'_>) -> Vec<Hint> {
    match seen.outcome.and_then(Outcome::handler) {
        Some(HandlerEnd::Failed) => vec![hint(
            "The handler answered other than 2xx",
            "The delivery is not remembered, so the provider's next attempt runs it again. That is how none is lost.",
        )],
        Some(HandlerEnd::Panicked) => vec![hint(
            "The handler panicked",
            "The layer releases the claim and lets the panic go on; the service lives. See standard error for where it was.",
        )],
        Some(HandlerEnd::Cancelled) => vec![hint(
            "The client hung up while the handler ran",
            "Providers wait some seconds only. `--detached`, in code `WebhookLayer::detached`, lets handlers go on.",
        )],
        _ => Vec::new(),
    }
}
