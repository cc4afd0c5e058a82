//! The span of each request, and the events.

use std::{borrow::Cow, error::Error, fmt::Write, time::Duration};

use tracing::{Level, Span, field::Empty, span};

use super::{Outcome, OutcomeKind, Settlement, StoreOperation};
use crate::{
    DecodeError, Delivery, InvalidSecret, Rejection, RejectionKind,
    rejection::MissingScope,
    store::StoreError,
    verify::{Profile, VerifyError},
};

/// The target of the span, and of events for the operator.
const TARGET: &str = "tower_webhook";
/// The target of rejections, so that they can be filtered separately.
const REJECTION: &str = "tower_webhook::rejection";
/// The maximum length of an id or an error's text, in bytes.
const LONGEST: usize = 256;

pub(super) struct DeliverySpan(Span);

/// A guard that leaves the span when dropped.
pub(crate) type Entered<'s> = span::Entered<'s>;

impl DeliverySpan {
    pub(super) fn open() -> Self {
        Self(tracing::info_span!(
            target: TARGET,
            "webhook",
            webhook.provider = Empty,
            webhook.delivery_id = Empty,
            webhook.event_type = Empty,
            webhook.attempt = Empty,
            webhook.outcome = Empty,
            webhook.rejection = Empty,
            webhook.handler = Empty,
            webhook.settlement = Empty,
            webhook.store_time = Empty,
            webhook.handler_time = Empty,
            http.response.status_code = Empty,
        ))
    }

    pub(super) fn is_disabled(&self) -> bool {
        self.0.is_disabled()
    }

    pub(super) fn enter(&self) -> Entered<'_> {
        self.0.enter()
    }

    pub(super) fn provider(&self, provider: &str) {
        self.0.record("webhook.provider", &*printable(provider));
    }

    pub(super) fn delivery(&self, delivery: &Delivery) {
        // Finding the event type may require scanning the body.
        if self.is_disabled() {
            return;
        }
        self.0.record("webhook.delivery_id", delivery.id().map(printable).as_deref());
        self.0.record("webhook.event_type", delivery.event_type().map(printable).as_deref());
        self.0.record("webhook.attempt", delivery.attempt());
    }

    pub(super) fn ended(&self, outcome: &Outcome) {
        if self.is_disabled() {
            return;
        }
        self.0.record("webhook.outcome", outcome.kind().as_str());
        self.0.record("webhook.rejection", outcome.rejection().map(|rejection| rejection.kind().as_str()));
        self.0.record("webhook.handler", outcome.handler().map(|end| end.as_str()));
        self.0.record("webhook.settlement", outcome.settlement().map(|settlement| settlement.as_str()));
        self.0.record("webhook.store_time", outcome.store_time().map(|time| time.as_secs_f64()));
        self.0.record("webhook.handler_time", outcome.handler_time().map(|time| time.as_secs_f64()));
        self.0.record("http.response.status_code", outcome.status().map(|status| status.as_u16()));
        if let Some(delivery) = outcome.delivery() {
            self.delivered(delivery, outcome);
        }
    }
    /// Logs a verified delivery. Other requests are not logged, because an unauthenticated client could fill
    /// the log.
    fn delivered(&self, delivery: &Delivery, outcome: &Outcome) {
        tracing::info!(
            target: TARGET,
            parent: &self.0,
            provider = &*printable(delivery.provider()),
            id = delivery.id().map(printable).as_deref(),
            event_type = delivery.event_type().map(printable).as_deref(),
            attempt = delivery.attempt(),
            outcome = outcome.kind().as_str(),
            rejection = outcome.rejection().map(|rejection| rejection.kind().as_str()),
            handler = outcome.handler().map(|end| end.as_str()),
            status = outcome.status().map(|status| status.as_u16()),
            time = outcome.elapsed().as_secs_f64(),
            handler_time = outcome.handler_time().map(|time| time.as_secs_f64()),
            store_time = outcome.store_time().map(|time| time.as_secs_f64()),
            "delivery ended",
        );
    }
}

pub(super) fn rejected(outcome: OutcomeKind, rejection: &Rejection) {
    let kind = rejection.kind();
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                target: REJECTION,
                $level,
                kind = kind.as_str(),
                reason = reason(rejection).as_deref(),
                "rejected",
            )
        };
    }
    match level(outcome, rejection) {
        Level::ERROR => event!(Level::ERROR),
        Level::WARN => event!(Level::WARN),
        _ => event!(Level::DEBUG),
    }
}

/// Returns the level of a rejection. Rejections that an unauthenticated client can cause are logged at
/// `DEBUG`, because they could fill the log.
fn level(outcome: OutcomeKind, rejection: &Rejection) -> Level {
    let source = rejection.source();
    match rejection.kind() {
        // A body that is decoded before it is verified.
        RejectionKind::Undecodable if is_unverified(source) => Level::DEBUG,
        RejectionKind::Undecodable | RejectionKind::StoreUnavailable | RejectionKind::HandlerTimeout => {
            Level::WARN
        }
        // Before the handler is called, a slow body may be the cause.
        RejectionKind::AckDeadline if outcome == OutcomeKind::Accepted => Level::WARN,
        RejectionKind::VerifierUnavailable => match source {
            Some(source) if source.is::<MissingScope>() => Level::ERROR,
            // An attacker can make up the name of a key or an endpoint.
            _ => Level::DEBUG,
        },
        _ => Level::DEBUG,
    }
}

/// Returns whether a body could not be decoded before it was verified.
fn is_unverified(source: Option<&(dyn Error + 'static)>) -> bool {
    // A payload's decoder may return a `VerifyError` of another kind, for example for a token in the payload.
    let error = source.and_then(|source| source.downcast_ref::<VerifyError>());
    error.is_some_and(|error| error.kind() == RejectionKind::Undecodable)
}

pub(crate) fn late_answers(profile: &Profile, deadline: Duration) {
    if let Some(waits) = profile.ack_deadline().filter(|waits| deadline >= *waits) {
        tracing::warn!(
            target: TARGET,
            provider = profile.provider(),
            ack_deadline_ms = deadline.as_millis(),
            provider_waits_ms = waits.as_millis(),
            "`ack_deadline` is not shorter than the provider's timeout",
        );
    }
}

pub(crate) fn short_window(profile: &Profile, window: Duration) {
    if let Some(period) = profile.retry_period().filter(|period| window <= *period) {
        tracing::warn!(
            target: TARGET,
            provider = profile.provider(),
            dedupe_window_s = window.as_secs(),
            provider_retries_s = period.as_secs(),
            "deduplication window is not longer than the provider's retry period",
        );
    }
}

pub(crate) fn lookups_failed(count: u64, error: &(dyn Error + 'static)) {
    tracing::warn!(
        target: TARGET,
        count,
        error = &*printable(&chain(error)),
        "endpoint lookups failed, and their requests were rejected with 503",
    );
}

pub(crate) fn acknowledged(error: &(dyn Error + 'static)) {
    let reason = undecodable(error);
    tracing::warn!(
        target: TARGET,
        reason = reason.as_deref().map(printable).as_deref(),
        "undecodable payload was acknowledged",
    );
}

pub(super) fn unrouted(event_type: &str) {
    tracing::info!(
        target: TARGET,
        event_type = &*printable(event_type),
        "event type has no route: its events are ignored",
    );
}

pub(super) fn unroutable(reason: &str, is_first: bool) {
    match is_first {
        true => tracing::error!(target: TARGET, reason, "delivery cannot be routed"),
        false => tracing::debug!(target: TARGET, reason, "delivery cannot be routed"),
    }
}

pub(crate) fn unusable(provider: &str, error: &InvalidSecret) {
    tracing::error!(target: TARGET, provider, %error, "verifier could not be built: each delivery is rejected");
}

pub(super) fn store_failed(operation: StoreOperation, error: &StoreError) {
    tracing::warn!(
        target: TARGET,
        operation = operation.as_str(),
        error = &*printable(&chain(error)),
        "deduplication store failed",
    );
}

pub(crate) fn missing_scope(error: &MissingScope) {
    tracing::error!(target: TARGET, %error, "item cannot be claimed");
}

pub(crate) fn item_failed(key: &str, error: &(dyn Error + 'static)) {
    // Most handlers decode the item, and a decoder's error may quote it.
    let error = undecodable(error).unwrap_or_else(|| chain(error));
    tracing::warn!(
        target: TARGET,
        item = &*printable(key),
        error = &*printable(&error),
        "batch item failed",
    );
}

pub(crate) fn more_items_failed(count: usize, failed: usize, items: usize) {
    tracing::warn!(target: TARGET, count, failed, items, "more batch items failed");
}

pub(crate) fn item_repeated(key: &str) {
    tracing::warn!(
        target: TARGET,
        item = &*printable(key),
        "two batch items have the same key: only one of them runs",
    );
}

pub(super) fn lease_lost() {
    tracing::warn!(
        target: TARGET,
        "lease expired before the claim was settled: the delivery may have run twice",
    );
}

pub(crate) fn uncommitted() {
    tracing::error!(
        target: TARGET,
        "handler succeeded without the `commit` of the transaction that completes its claim: the delivery failed",
    );
}

pub(crate) fn unconfirmed() {
    tracing::warn!(
        target: TARGET,
        "store failed, so the transaction that completes the claim may have been committed or not: the delivery failed",
    );
}

pub(super) fn settlement_abandoned(intent: Settlement) {
    match intent {
        Settlement::Completed => tracing::error!(
            target: TARGET,
            settlement = intent.as_str(),
            "completion was not stored before the lease expired: a retry runs the handler again",
        ),
        // The expired lease has ended the claim.
        _ => tracing::debug!(
            target: TARGET,
            settlement = intent.as_str(),
            "release was not stored before the lease expired",
        ),
    }
}

pub(super) fn completions_dropped(count: u64) {
    tracing::error!(
        target: TARGET,
        count,
        "completions were dropped because too many wait for the store: retries run the handlers again",
    );
}

/// Returns the reason of a rejection. Errors of this crate do not contain text from the client.
fn reason(rejection: &Rejection) -> Option<Cow<'static, str>> {
    let source = rejection.source()?;
    let reason = match rejection.kind() {
        RejectionKind::Undecodable => undecodable(source)?,
        _ => chain(source),
    };
    Some(printable(&reason).into_owned().into())
}

/// Returns the field or position at which decoding failed. Omits the decoder's text, which may quote the
/// payload.
fn undecodable(source: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(source);
    let error = loop {
        let error = cause?;
        if let Some(error) = error.downcast_ref::<DecodeError>() {
            return Some(error.to_string());
        }
        match error.downcast_ref::<serde_json::Error>() {
            Some(error) => break error,
            None => cause = error.source(),
        }
    };
    let category = match error.classify() {
        serde_json::error::Category::Io => "payload could not be read",
        serde_json::error::Category::Syntax => "payload is not valid JSON",
        serde_json::error::Category::Data => "payload is not of the expected type",
        serde_json::error::Category::Eof => "payload ends too early",
    };
    Some(format!("{category}, at line {} column {}", error.line(), error.column()))
}

/// Formats an error with its sources.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // The rest would be truncated anyway.
        if text.len() > LONGEST {
            break;
        }
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// Returns text that is safe in any log: truncated, and without line breaks and control characters, which
/// could forge entries or control a terminal.
fn printable(text: &str) -> Cow<'_, str> {
    let is_plain = |char: char| char == '"' || char == '\'' || char == '\\' || char.escape_debug().len() == 1;
    if text.len() <= LONGEST && text.chars().all(is_plain) {
        return text.into();
    }
    let mut printable = String::new();
    for char in text.chars() {
        if printable.len() >= LONGEST {
            printable.push('…');
            break;
        }
        if is_plain(char) { printable.push(char) } else { printable.extend(char.escape_debug()) }
    }
    printable.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_is_escaped_and_truncated() {
        assert_eq!(printable(r#"it's "a" \ b"#), r#"it's "a" \ b"#);
        assert!(matches!(printable("msg_1"), Cow::Borrowed("msg_1")));
        assert_eq!(
            printable("a\r\nb\u{1b}[2J\u{85}\u{2028}\u{202e}é"),
            "a\\r\\nb\\u{1b}[2J\\u{85}\\u{2028}\\u{202e}é"
        );
        let long = printable(&"é\n".repeat(1 << 20)).into_owned();
        assert!(long.len() < LONGEST + 16 && long.ends_with('…'), "{} bytes", long.len());
    }
}
