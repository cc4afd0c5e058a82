use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Paddle Billing.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}:{body}`, as hex in `paddle-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Timestamp: `field:ts`; tolerance 5 s in the past and 300 s in the future.
    /// * Retries: yes, for up to 3 days.
    /// * Acknowledge within: 5 s.
    paddle: "paddle", "Paddle Billing",
        "https://github.com/PaddleHQ/paddle-go-sdk/blob/HEAD/webhook_verifier_test.go",
        Scheme::hmac_sha256("paddle-signature", Hex)
            .list(";")
            .pairs("=", ["h1"])
            .timestamp("field:ts", Seconds)
            .tolerance(Some(5), 300)
            .signs("{ts}:{body}")
            .id("body:/event_id")
            .event_type("body:/event_type"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600));
}
