use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Retell AI.
    ///
    /// * Signature: HMAC-SHA256 of `{body}{ts}`, as hex in `x-retell-signature`.
    /// * Secret: the API key, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. All events of a call have the same
    ///   `call_id`.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:v`; tolerance 300 s. The timestamp is in milliseconds.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    retell: "retell", "Retell AI",
        "https://github.com/RetellAI/retell-typescript-sdk/blob/HEAD/src/lib/webhook_auth.ts",
        Scheme::hmac_sha256("x-retell-signature", Hex)
            .list(",")
            .pairs("=", ["d"])
            .timestamp("field:v", Milliseconds)
            .signs("{body}{ts}")
            .event_type("body:/event"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        equal_bodies: true;
}
