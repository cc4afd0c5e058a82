use std::time::Duration;

use super::{
    handshake::{Handshake, echo, short_body_with},
    providers,
};
use crate::verify::{Attempt::Retries, Encoding::Hex, Location, Scheme, TimeUnit::Seconds, scan};

providers! {
    /// HMAC-SHA256 of `v0:{ts}:{body}` in `X-Slack-Signature`, hex after `v0=`.
    ///
    /// * Secret: the signing secret, as text (hex-looking, not decoded).
    /// * Delivery id: `body:/event_id`, signed. An app has one URL for events. Slash commands, interactivity and
    ///   options requests have no id and are not deduplicated: Slack shows the handler's response.
    /// * Event type: `body:/event/type`, signed.
    /// * Timestamp: `header:x-slack-request-timestamp`; 300 s into the past and 300 s into the future.
    /// * Retries: yes.
    /// * Acknowledge within: 3 s. Three retries otherwise
    ///   ([source](https://github.com/slackapi/python-slack-events-api/issues/84)), which `X-Slack-Retry-Num`
    ///   counts from 1 ([source](https://docs.slack.dev/apis/events-api/)).
    /// * Handshake: the signed `url_verification`, whose challenge is echoed
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

/// Slack: `{"type":"url_verification","challenge":…}`, whose challenge is echoed.
const HANDSHAKE: Handshake = Handshake {
    signed: |_, body| {
        let body = short_body_with(body, "/type", "url_verification")?;
        echo(&scan(body, "/challenge")?)
    },
    ..Handshake::NONE
};
