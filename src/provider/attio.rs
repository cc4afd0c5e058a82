use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Attio.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `attio-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:idempotency-key`, **not signed**. It is the same for all attempts.
    /// * Event type: `body:/events/0/event_type`, signed.
    /// * Retries: yes, for up to 3 days. Attio makes ten retries.
    /// * Deduplication window: 4 days.
    /// * Batches: one body can carry several events. The event type is the type of the first event.
    attio: "attio", "Attio",
        "https://docs.attio.com/rest-api/how-to/webhooks",
        Scheme::hmac_sha256("attio-signature", Hex)
            .id("header:idempotency-key")
            .event_type("body:/events/0/event_type"),
        batch: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600));
}
