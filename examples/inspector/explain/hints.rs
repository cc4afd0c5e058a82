//! The likely causes of a rejection, each with a fix.

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
    /// Returns a hint whose cause is certain, not only likely.
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
                "Another provider, or another version of its signature scheme",
                "Compare the header with the provider's documentation; `--provider list` prints all ids, such as `hubspot-v1` and `hubspot-v3`.",
            ),
            hint(
                "A proxy that merges, splits or decodes headers",
                "The signature header must arrive once and unchanged.",
            ),
        ],
        Some(Kind::StaleTimestamp) => stale(seen),
        Some(Kind::WrongSignature | Kind::UnknownEndpoint) => wrong(seen),
        Some(Kind::BodyTooLarge) => vec![hint(
            "A payload larger than the limit",
            format!(
                "The limit is {}. If the provider sends larger payloads, set `--body-limit BYTES`, in code `WebhookLayer::body_limit`.",
                words::bytes(rules.body_limit as u64)
            ),
        )],
        Some(Kind::BodyTooSlow | Kind::BodyInterrupted) => vec![hint(
            "A slow or interrupted connection",
            "The provider retries. If this happens often, check the proxies in between.",
        )],
        Some(Kind::InProgress) => vec![hint(
            "A duplicate of a delivery in progress: it was sent twice, or retried before its handler finished",
            "No action needed. The 503 with `Retry-After` makes the provider retry later, and the retry gets a 200 once the first attempt has succeeded. A 200 now would lose the event if the first attempt failed.",
        )],
        Some(Kind::AckDeadline) => vec![hint(
            "A handler that is slower than the provider's timeout",
            "If it is always slow, store the delivery, answer, and process it later. See “Slow handlers” in the crate's documentation.",
        )],
        Some(Kind::StoreUnavailable) => vec![hint(
            "The deduplication store is unreachable",
            "Deliveries get a 503 until it is reachable, and none is lost if the provider retries. `on_store_failure(StoreFailure::Proceed)` handles them without deduplication instead.",
        )],
        Some(Kind::HandlerTimeout) => vec![hint(
            "A handler that hangs",
            format!(
                "Its timeout is {}. The claim is released, and the next attempt runs.",
                words::duration(rules.handler_timeout)
            ),
        )],
        Some(Kind::VerifierUnavailable) => vec![hint(
            "The key is not available",
            "The 503 makes the provider retry. Check that there is a `--secret` with the key id that the request names.",
        )],
        Some(_) => Vec::new(),
        None => handled(seen),
    }
}

fn stale(seen: &Seen<'_>) -> Vec<Hint> {
    let clock = hint(
        "A clock that is wrong",
        "Check this machine's time and synchronize it with NTP. The provider's clock may be wrong as well.",
    );
    if seen.record.timestamp.is_some_and(|signed| signed > seen.arrived_at()) {
        return vec![clock];
    }
    vec![
        hint(
            "An old request that was sent again",
            "A copied `curl` command or a stored request becomes stale: sign it again. A provider's retries have a new timestamp each.",
        ),
        clock,
        hint(
            "A queue or tunnel that delays requests",
            "If the delay is intended, set `--tolerance SECONDS`, in code `WebhookLayer::tolerance`. The tolerance limits how long a captured request can be replayed.",
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
            "A browser, a scanner or an unsigned `curl` request. The rejection is correct.",
        ),
        hint(
            "A provider without a signing secret",
            "Many providers only sign once a secret is set for the endpoint. Check its settings.",
        ),
        hint(
            "Deliveries of another provider",
            format!(
                "This inspector verifies {}. `--provider list` prints the others.",
                seen.rules.source.id()
            ),
        ),
    ];
    if seen.arrival.headers.len() > 2 {
        hints.push(hint(
            "A proxy that drops unknown headers",
            "Compare the headers below with those that the provider reports.",
        ));
    }
    hints
}

/// Returns a hint if the request has the signature header of another provider.
fn of_another(seen: &Seen<'_>) -> Option<Hint> {
    // This header may contain other credentials.
    let is_telling = |name: &&String| *name != "authorization";
    let names = seen.arrival.headers.iter().map(|(name, _)| name).filter(is_telling);
    let (name, providers) =
        names.filter_map(|name| Some((name, provider::with_signature_in(name)?))).next()?;
    if providers.iter().any(|id| *id == seen.rules.source.id()) {
        return None;
    }
    let options: Vec<_> = providers.iter().take(3).map(|id| format!("`--provider {id}`")).collect();
    let cure =
        format!("The request has the `{name}` header. Start the inspector with {}.", options.join(" or "));
    Some(Hint::found("a signature of another provider", cure))
}

fn wrong(seen: &Seen<'_>) -> Vec<Hint> {
    let rules = seen.rules;
    let signing = rules.signing();
    let mut hints = Vec::new();
    let covers_the_body = rules.profile.body_signed();
    if covers_the_body {
        hints.push(hint(
            "The body was modified in transit",
            "A proxy or body parser that parses and serializes the body changes bytes, such as whitespace or a trailing line break. The signature covers the raw bytes, so the layer must get the body before any middleware that reads it.",
        ));
    }
    hints.push(hint(
        "The wrong secret",
        "Most providers have a secret for each endpoint, and different ones for test and live mode. Copy the whole secret, with its prefix (`whsec_`) and without spaces. During a rotation pass both: `--secret NEW --secret OLD`.",
    ));
    if signing.as_ref().is_some_and(|signing| signing.covers_the_url()) || signing.is_none() {
        let taken = match &rules.public_url {
            Some(url) => format!("{url}, from `--public-url`"),
            None => "`https://` and the host header, because `--public-url` is not set".to_owned(),
        };
        hints.push(hint(
            "The wrong URL, for a provider that signs it",
            format!("Behind a proxy, the service sees another scheme, host or path than the provider called. The URL used: {taken}."),
        ));
    }
    hints
}

/// Returns the hints for an accepted delivery whose handler did not complete.
fn handled(seen: &Seen<'_>) -> Vec<Hint> {
    match seen.outcome.and_then(Outcome::handler) {
        Some(HandlerEnd::Failed) => vec![hint(
            "The handler's response was not a 2xx",
            "The claim is released, so the provider's next attempt runs the handler again, and no event is lost.",
        )],
        Some(HandlerEnd::Panicked) => vec![hint(
            "The handler panicked",
            "The layer releases the claim and resumes the panic. The service continues. Standard error has the location.",
        )],
        Some(HandlerEnd::Cancelled) => vec![hint(
            "The client disconnected while the handler ran",
            "Providers only wait for a few seconds. With `--detached`, in code `WebhookLayer::detached`, handlers continue.",
        )],
        _ => Vec::new(),
    }
}
