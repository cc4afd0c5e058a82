use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{
    handshake::{Handshake, UnsignedPost, echo, empty_response, short_body, short_body_with},
    providers,
};
use crate::verify::{
    Attempt::Retries, Encoding::Hex, Location, Scheme, TimeUnit::Seconds, all_sorted_parameters, scan,
};

providers! {
    /// Creates a verifier for Slack.
    ///
    /// * Signature: HMAC-SHA256 of `v0:{ts}:{body}`, as hex with the prefix `v0=` in `x-slack-signature`.
    /// * Secret: the signing secret, as text. It looks like hex, but is not decoded.
    /// * Delivery id: `body:/event_id`, signed. An app has one URL for events, so no other endpoint gets an
    ///   event with the same id. Requests for slash commands, interactivity and options have no id. The layer
    ///   does not deduplicate them, because Slack displays the handler's response, and the response to a
    ///   duplicate would be empty.
    /// * Event type: `body:/event/type`, signed.
    /// * Timestamp: `header:x-slack-request-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 6 minutes ([source](https://docs.slack.dev/apis/events-api/)).
    /// * Acknowledge within: 3 s. Otherwise Slack retries three times
    ///   ([source](https://github.com/slackapi/python-slack-events-api/issues/84)). `X-Slack-Retry-Num` is the
    ///   number of the retry, starting at 1 ([source](https://docs.slack.dev/apis/events-api/)).
    /// * Handshake: a signed request of type `url_verification`. The layer echoes the request's challenge
    ///   ([source](https://docs.slack.dev/reference/events/url_verification)). For a slash command, Slack also
    ///   checks the endpoint's certificate with a form that contains `ssl_check=1` and may be unsigned. The
    ///   layer responds to this check with an empty 200
    ///   ([source](https://github.com/slackapi/bolt-python/blob/HEAD/slack_bolt/middleware/ssl_check/ssl_check.py)).
    /// * If Slack posts a form with the field `payload`, the layer decodes the JSON in this field.
    ///   [`Delivery::payload`](crate::Delivery::payload) is still the form.
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
        retry_period: Some(Duration::from_secs(6 * 60)),
        json_field: Some("payload"),
        handshake: Some(HANDSHAKE);
}

/// Returns the response to the check of a certificate: a form with only the fields `ssl_check` and `token`.
fn certificate_check(body: &[u8]) -> Option<Response<Bytes>> {
    let fields = all_sorted_parameters(body).ok()?;
    let is_known = |name: &str| matches!(name, "ssl_check" | "token");
    let is_check = fields.iter().any(|(name, value)| name == "ssl_check" && value == "1");
    (is_check && fields.iter().all(|(name, _)| is_known(name))).then(|| empty_response(StatusCode::OK))
}

/// Slack's handshakes: `{"type":"url_verification","challenge":…}`, and the check of a certificate. The layer
/// echoes the challenge, and responds to the check with an empty 200.
const HANDSHAKE: Handshake = Handshake {
    signed: |_, body| match short_body_with(body, "/type", "url_verification") {
        Some(body) => echo(&scan(body, "/challenge")?),
        None => certificate_check(short_body(body)?),
    },
    unsigned_post: Some(UnsignedPost {
        has_head: |request| request.is_form(),
        response: |_, body| certificate_check(body),
    }),
    ..Handshake::NONE
};
