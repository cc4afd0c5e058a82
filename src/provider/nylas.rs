use std::time::Duration;

use super::{handshake::CHALLENGE, providers};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Nylas.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Nylas-Signature`: the bytes as sent, so place the layer
    ///   outside of what decompresses requests. Secret: UTF-8 webhook secret.
    /// * Id: `body:/id`, signed.
    /// * An answer within 10 s, or else it is sent again
    ///   ([source](https://developer.nylas.com/docs/cookbook/use-cases/build/retry-failed-webhooks.md)).
    /// * Handshake: `GET ?challenge=…`, which is echoed to anybody.
    nylas: "nylas", "Nylas",
        "https://developer.nylas.com/docs/v3/notifications/webhooks/",
        Scheme::hmac_sha256("x-nylas-signature", Hex)
            .id("body:/id")
            .event_type("body:/type"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(10)),
        handshake: Some(CHALLENGE);
}
