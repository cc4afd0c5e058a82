use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Modern Treasury.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-webhook-id`, **not signed**.
    /// * Event type: `header:x-topic`, **not signed**.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s.
    modern_treasury: "modern-treasury", "Modern Treasury",
        "https://github.com/Modern-Treasury/modern-treasury-python/blob/HEAD/tests/api_resources/test_webhooks.py",
        Scheme::hmac_sha256("x-signature", Hex)
            .id("header:x-webhook-id")
            .event_type("header:x-topic"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true);
}
