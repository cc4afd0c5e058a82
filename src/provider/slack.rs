use std::time::Duration;

use super::{
    handshake::{Handshake, echo, short_body_with},
    providers,
};
use crate::verify::{Attempt::Retries, Encoding::Hex, Location, Scheme, TimeUnit::Seconds, scan};

providers! {
    /// Creates a verifier for Slack.
    ///
    /// * Signature: HMAC-SHA256 of `v0:{ts}:{body}`, as hex with the prefix `v0=` in `x-slack-signature`.
    /// * Secret: the signing secret, as text. It looks like hex, but is not decoded.
    /// * Delivery id: `body:/event_id`, signed. An app has one URL for events, so no other endpoint gets an
    ///   event with the same id. Slash commands, interactivity and options requests have no id and are not
    ///   deduplicated, because Slack displays the handler's response.
    /// * Event type: `body:/event/type`, signed.
    /// * Timestamp: `header:x-slack-request-timestamp`; tolerance 300 s.
    /// * Retries: yes.
    /// * Acknowledge within: 3 s. Otherwise Slack retries three times
    ///   ([source](https://github.com/slackapi/python-slack-events-api/issues/84)). `X-Slack-Retry-Num` is the
    ///   number of the retry, starting at 1 ([source](https://docs.slack.dev/apis/events-api/)).
    /// * Handshake: a signed request of type `url_verification`. The layer echoes its challenge
    ///   ([source](https://docs.slack.dev/reference/events/url_verification)).
    slack: "slack", "Slack",
        "https://docs.slack.dev/authentication/verifying-requests-from-slack/",
        Scheme::hmac_sha256("x-slack-signature", Hex)
            .prefix("v0=")
            .timestamp("header:x-slack-request-timestamp", Seconds)
            .signs("v0:{ts}:{body}")
            .id("body:/event_id")
            .event_type("body:/event/type"),
        attempt: Some(|| Retries(Location::header("x-slack-retry-num"))),
        ack_deadline: Some(Duration::from_secs(3)),
        retries: Some(true),
        handshake: Some(HANDSHAKE);
}

/// Slack's handshake: `{"type":"url_verification","challenge":…}`, whose challenge the layer echoes.
const HANDSHAKE: Handshake = Handshake {
    signed: |_, body| {
        let body = short_body_with(body, "/type", "url_verification")?;
        echo(&scan(body, "/challenge")?)
    },
    ..Handshake::NONE
};
