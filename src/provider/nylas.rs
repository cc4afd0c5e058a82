use std::time::Duration;

use super::{handshake::CHALLENGE, providers};
use crate::verify::{Encoding::Hex, Scheme, SignedEncoding};

providers! {
    /// HMAC-SHA256 of the body in `X-Nylas-Signature`, hex.
    ///
    /// * Secret: the webhook secret, as text.
    /// * Signed content: `{body}`, HMAC-SHA256, in `X-Nylas-Signature`: the bytes as sent, so place the layer
    ///   above any decompression of requests.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s. Retries otherwise
    ///   ([source](https://developer.nylas.com/docs/cookbook/use-cases/build/retry-failed-webhooks.md)).
    /// * Handshake: `GET ?challenge=…`, which is echoed to any client.
    nylas: "nylas", "Nylas",
        "https://developer.nylas.com/docs/v3/notifications/webhooks/",
        Scheme::hmac_sha256("x-nylas-signature", Hex)
            .id("body:/id")
            .event_type("body:/type"),
        profile: |profile| profile.with_content_encoding(SignedEncoding::Encoded),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(10)),
        handshake: Some(CHALLENGE);
}
