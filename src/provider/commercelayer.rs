use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Commerce Layer.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-commercelayer-signature`.
    /// * Secret: the webhook's `shared_secret`, as text.
    /// * Delivery id: none.
    /// * Event type: `header:x-commercelayer-topic`, **not signed**. A webhook has only one topic. If the
    ///   handler relies on the topic, use a separate endpoint for each webhook.
    /// * Retries: yes. Commerce Layer retries up to ten times
    ///   ([source](https://docs.commercelayer.io/core/real-time-webhooks)).
    /// * Acknowledge within: 5 s.
    commercelayer: "commercelayer", "Commerce Layer",
        "https://docs.commercelayer.io/core/callbacks-security",
        Scheme::hmac_sha256("x-commercelayer-signature", Base64)
            .event_type("header:x-commercelayer-topic"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(5));
}
