use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Linear.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `linear-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:linear-delivery`, **not signed**.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `body:/webhookTimestamp`; tolerance 60 s.
    /// * Retries: yes, for up to 8 hours.
    /// * Acknowledge within: 5 s.
    linear: "linear", "Linear",
        "https://github.com/linear/linear/blob/HEAD/packages/sdk/src/webhooks/client.ts",
        Scheme::hmac_sha256("linear-signature", Hex)
            .timestamp("body:/webhookTimestamp", Milliseconds)
            .tolerance(Some(60), 60)
            .id("header:linear-delivery")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(421 * 60));
}
