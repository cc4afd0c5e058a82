use std::time::Duration;

use super::{handshake::CHALLENGE, providers};
use crate::verify::{Encoding::Hex, Scheme, SignedEncoding};

providers! {
    /// Creates a verifier for Nylas.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-nylas-signature`.
    /// * Secret: the webhook secret, as text.
    /// * Signed content: `{body}`, as sent. With the feature `compression`, the layer decodes a compressed body
    ///   once it is verified.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 20 minutes.
    /// * Acknowledge within: 10 s. Otherwise Nylas retries
    ///   ([source](https://developer.nylas.com/docs/cookbook/use-cases/build/retry-failed-webhooks.md)).
    /// * Body limit: 2 MiB.
    /// * Handshake: `GET ?challenge=…`. The layer echoes the challenge to any client.
    nylas: "nylas", "Nylas",
        "https://developer.nylas.com/docs/v3/notifications/webhooks/",
        Scheme::hmac_sha256("x-nylas-signature", Hex)
            .id("body:/id")
            .event_type("body:/type"),
        profile: |profile| profile.with_content_encoding(SignedEncoding::Encoded),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(20 * 60)),
        ack_deadline: Some(Duration::from_secs(10)),
        handshake: Some(CHALLENGE),
        body_limit: Some(2 * 1024 * 1024);
}
