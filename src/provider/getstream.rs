use std::time::Duration;

use super::providers;
use crate::verify::{Attempt, Encoding::Hex, Location, Scheme, SignedEncoding};

providers! {
    /// Creates a verifier for GetStream.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-signature`.
    /// * Secret: the API secret, as text.
    /// * Signed content: `{body}`, before compression
    ///   ([source](https://github.com/GetStream/stream-chat-js/blob/HEAD/docs/webhooks.md)). With the feature
    ///   `compression`, the layer decodes a compressed body. Without this feature, decompress the body in
    ///   middleware above the layer.
    /// * Delivery id: `header:x-webhook-id`, **not signed**.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 1 minute.
    /// * Acknowledge within: 6 s.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share the secret.
    getstream: "getstream", "GetStream",
        "https://github.com/GetStream/stream-chat-js/blob/HEAD/test/unit/signing.test.js",
        Scheme::hmac_sha256("x-signature", Hex)
            .id("header:x-webhook-id")
            .event_type("body:/type"),
        profile: |profile| profile.with_content_encoding(SignedEncoding::Decoded),
        shared_secret: true,
        ack_deadline: Some(Duration::from_secs(6)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(60)),
        lease: Some(Duration::from_secs(10)),
        attempt: Some(|| Attempt::Number(Location::header("x-webhook-attempt")));
}
