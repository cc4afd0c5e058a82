use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for ShipHero.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-shiphero-hmac-sha256`.
    /// * Secret: the `shared_signature_secret` that `webhook_create` returns, as text.
    /// * Delivery id: `header:x-shiphero-message-id`, **not signed**.
    /// * Event type: `body:/webhook_type`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    /// * ShipHero expects the response `{"code": "200", "Status": "Success"}`.
    shiphero: "shiphero", "ShipHero",
        "https://developer.shiphero.com/webhooks/",
        Scheme::hmac_sha256("x-shiphero-hmac-sha256", Base64)
            .id("header:x-shiphero-message-id")
            .event_type("body:/webhook_type"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(10));
}
