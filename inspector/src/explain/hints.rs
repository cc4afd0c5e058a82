//! The likely causes of a rejection, each with a fix.

use std::time::Duration;

use serde::Serialize;
use tower_webhook::{HandlerEnd, Outcome, RejectionKind as Kind};

use super::{Seen, shape, words};
use crate::{
    forward::{Forwarded, Missing},
    provider,
};

#[derive(Clone, Serialize)]
pub(crate) struct Hint {
    cause: String,
    cure: String,
    /// The cause in a few words, if it is certain.
    #[serde(skip)]
    pub(super) finding: Option<String>,
}

impl Hint {
    /// Returns a hint whose cause is certain, not only likely. `finding` is the cause in a few words.
    pub(crate) fn found(cause: &str, cure: String, finding: impl Into<String>) -> Self {
        Self { cause: format!("Found: {cause}"), cure, finding: Some(finding.into()) }
    }
}

fn hint(cause: &'static str, cure: impl Into<String>) -> Hint {
    Hint { cause: cause.to_owned(), cure: cure.into(), finding: None }
}

pub(super) fn for_rejected(seen: &Seen<'_>) -> Vec<Hint> {
    let rules = seen.rules;
    match seen.kind() {
        Some(Kind::MissingSignature) => missing(seen),
        Some(Kind::MalformedSignature) => match shape::mismatch(seen) {
            Some(found) => vec![found],
            None => malformed(),
        },
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

fn malformed() -> Vec<Hint> {
    vec![
        hint(
            "Another provider, or another version of its signature scheme",
            "Compare the header with the provider's documentation; `--provider list` prints all ids, such as `hubspot-v1` and `hubspot-v3`.",
        ),
        hint(
            "A proxy that merges, splits or decodes headers",
            "The signature header must arrive once and unchanged.",
        ),
    ]
}

fn stale(seen: &Seen<'_>) -> Vec<Hint> {
    if let Some(found) = shape::mismatch(seen) {
        return vec![found];
    }
    let clock = hint(
        "A clock that is wrong",
        "Check this machine's time and synchronize it with NTP. The provider's clock may be wrong as well.",
    );
    let (distance, ahead) = seen.distance().unwrap_or_default();
    let zone = whole_hours(distance).map(|hours| {
        hint(
            "A time zone",
            format!("The difference is {hours} h. The sender may have signed its local time instead of a Unix timestamp, which is UTC."),
        )
    });
    if ahead {
        return zone.into_iter().chain([clock]).collect();
    }
    let old = hint(
        "An old request that was sent again",
        "A copied `curl` command or a stored request becomes stale: sign it again. A provider's retries have a new timestamp each.",
    );
    let queue = hint(
        "A queue or tunnel that delays requests",
        "If the delay is intended, set `--tolerance SECONDS`, in code `WebhookLayer::tolerance`. The tolerance limits how long a captured request can be replayed.",
    );
    [old].into_iter().chain(zone).chain([clock, queue]).collect()
}

/// Returns a distance in hours, if it is a whole number of hours and a possible difference of time zones.
fn whole_hours(distance: Duration) -> Option<u64> {
    let seconds = distance.as_secs();
    let hours = (seconds + 30) / 3_600;
    ((1..=14).contains(&hours) && seconds.abs_diff(hours * 3_600) <= 30).then_some(hours)
}

fn missing(seen: &Seen<'_>) -> Vec<Hint> {
    let error = seen.rejection().and_then(|rejection| words::causes(rejection)).unwrap_or_default();
    if let Some(name) = shape::empty_header(seen, &error) {
        return vec![Hint::found(
            &format!("the `{name}` header is empty"),
            "Check that the variable with the value is set where the request is built.".to_owned(),
            format!("`{name}` header is empty"),
        )];
    }
    let similar = shape::missing_header(&error).and_then(|name| shape::similar_header(seen, name));
    if let Some(found) = similar {
        return vec![found];
    }
    let mut hints = Vec::new();
    match of_another(seen) {
        Some(found) if found.finding.is_some() => return vec![found],
        possible => hints.extend(possible),
    }
    let signs = seen.rules.signing();
    let has_signature = signs.is_some_and(|signing| {
        signing.headers().iter().any(|name| seen.arrival.unmasked.contains_key(&**name))
    });
    if let (true, Some(name)) = (has_signature, shape::missing_header(&error)) {
        hints.push(hint(
            "A request with only a part of the signed headers",
            format!("{} also sends `{name}`. Copy all its headers.", seen.rules.source.name()),
        ));
    } else {
        hints.push(hint(
            "A request that the provider did not send",
            "A browser, a scanner or an unsigned `curl` request. The rejection is correct.",
        ));
        hints.push(hint(
            "A provider without a signing secret",
            "Many providers only sign once a secret is set for the endpoint. Check its settings.",
        ));
        hints.push(hint(
            "Deliveries of another provider",
            format!(
                "This inspector verifies {}. `--provider list` prints the others.",
                seen.rules.source.id()
            ),
        ));
    }
    if seen.arrival.headers.len() > 2 {
        hints.push(hint(
            "A proxy that drops unknown headers",
            "Compare the headers below with those that the provider reports.",
        ));
    }
    hints
}

/// Returns a hint if the request has the signature header of another provider. The hint is certain only if the
/// request's headers belong to exactly one provider.
fn of_another(seen: &Seen<'_>) -> Option<Hint> {
    // This header may contain other credentials.
    let is_telling = |name: &&str| *name != "authorization";
    let names: Vec<_> = seen.arrival.unmasked.keys().map(|name| name.as_str()).filter(is_telling).collect();
    let candidates = names.iter().filter_map(|name| Some((*name, provider::with_signature_in(name)?)));
    let candidates: Vec<_> = candidates.collect();
    let is_ours = |ids: &[&str]| ids.contains(&seen.rules.source.id());
    if candidates.iter().any(|(_, ids)| is_ours(ids)) {
        return None;
    }
    let matching = candidates.into_iter().map(|(name, ids)| (name, provider::that_use_most(ids, &names)));
    let (name, matching) = matching.min_by_key(|(_, ids)| ids.len())?;
    let options: Vec<_> = matching.iter().take(3).map(|id| format!("`--provider {id}`")).collect();
    let cure =
        format!("The request has the `{name}` header. Start the inspector with {}.", options.join(" or "));
    if let [_] = *matching {
        let finding = format!("signature of another provider: `{name}`");
        return Some(Hint::found("a signature of another provider", cure, finding));
    }
    let cure =
        format!("{} providers use the `{name}` header, for example {}.", matching.len(), options.join(", "));
    Some(hint("Possible: a delivery of another provider", cure))
}

fn wrong(seen: &Seen<'_>) -> Vec<Hint> {
    let rules = seen.rules;
    let signing = rules.signing();
    // If the headers were sufficient for the rejection, the body cannot be the cause.
    if !seen.record.finished {
        let found = shape::mismatch(seen);
        return vec![found.unwrap_or_else(|| hint("The wrong secret", about_the_secret(seen)))];
    }
    let mut hints = vec![hint("The wrong secret", about_the_secret(seen))];
    let covers_the_body = rules.profile.body_signed();
    if covers_the_body {
        hints.push(hint(
            "Other bytes than those that were signed",
            "You signed other bytes than you sent, or the body was changed on the way. A proxy or body parser that parses and serializes the body changes bytes, such as whitespace or a trailing line break. The signature covers the raw bytes, so the layer must get the body before any middleware that reads it.",
        ));
    }
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

/// Returns the hint for a delivery that the service of `--forward` did not answer with a 2xx.
fn not_handled_by_service(forwarded: &Forwarded) -> Hint {
    let redirected = forwarded.result.as_ref().is_ok_and(|response| response.status.is_redirection());
    match forwarded.missing {
        Some(Missing::NotConnected) => hint(
            "Your service could not be reached",
            "Check that it runs, and that it listens at this address. The claim is released, so the provider's next attempt is forwarded again.",
        ),
        Some(Missing::BrokenOff) => hint(
            "The connection to your service was closed before the end of its response",
            "It may have crashed or restarted: see its log. It may have done the work, and the provider's retry runs it again.",
        ),
        Some(Missing::TimedOut) => hint(
            "Your service did not respond in time",
            "It may have done the work, and the provider's retry runs it again. `--handler-timeout` sets the time. A service that needs longer should respond first and do the work afterwards.",
        ),
        None if redirected => hint(
            "Your service answered with a redirect",
            "Redirects are not followed. Check the URL of `--forward`, for example for a trailing slash.",
        ),
        None => hint(
            "Your service did not answer with a 2xx",
            "The claim is released, so the provider's next attempt is forwarded again, and no event is lost.",
        ),
    }
}

fn about_the_secret(seen: &Seen<'_>) -> String {
    let rules = seen.rules;
    let modes = match rules.source.id() {
        // https://docs.stripe.com/webhooks/signature
        "stripe" => "Stripe has a secret for each endpoint, and different ones for test and live mode.",
        _ => "Check that the secret is that of this endpoint.",
    };
    let signing = rules.signing();
    let prefixes: Vec<_> = match (rules.source.secret_prefix(), &signing) {
        (Some(prefix), _) => vec![prefix],
        (None, Some(signing)) => signing.secret_prefixes(),
        (None, None) => Vec::new(),
    };
    let copy = match prefixes.first() {
        Some(prefix) => format!("Copy the whole secret, with its prefix (`{prefix}`) and without spaces."),
        None => "Copy the whole secret, without spaces or line breaks.".to_owned(),
    };
    format!("{modes} {copy} During a rotation pass both: `--secret NEW --secret OLD`.")
}

/// Returns the hints for an accepted delivery whose handler did not complete.
fn handled(seen: &Seen<'_>) -> Vec<Hint> {
    if let (Some(HandlerEnd::Failed), Some(forwarded)) =
        (seen.outcome.and_then(Outcome::handler), &seen.record.forwarded)
    {
        return vec![not_handled_by_service(forwarded)];
    }
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
