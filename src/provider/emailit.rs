use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Emailit.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `x-emailit-signature`.
    /// * Secret: the signing secret, as text including `whsec_`.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. A delivery can be a batch of
    ///   events, and has no id as a whole.
    /// * Event type: `body:/0/type`, signed.
    /// * Timestamp: `header:x-emailit-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 3 days. Emailit signs each attempt anew
    ///   ([source](https://emailit.com/products/webhooks)).
    /// * Deduplication window: 8 days.
    /// * Acknowledge within: 30 s.
    /// * Batches: one body can carry several events. Emailit sends at most 100 in one body
    ///   ([source](https://emailit.com/docs/webhooks/webhook-requests)).
    emailit: "emailit", "Emailit",
        "https://emailit.com/docs/webhooks/request-signature",
        Scheme::hmac_sha256("x-emailit-signature", Hex)
            .timestamp("header:x-emailit-timestamp", Seconds)
            .signs("{ts}.{body}")
            .event_type("body:/0/type"),
        batch: true,
        dedupe_window: Some(Duration::from_secs(8 * 24 * 3600)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600)),
        ack_deadline: Some(Duration::from_secs(30)),
        equal_bodies: true;
}
