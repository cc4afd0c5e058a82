use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `Attio-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:idempotency-key`, **not signed**. The same for all attempts.
    /// * Event type: `body:/events/0/event_type`, signed.
    /// * Retries: yes; deduplicated for 4 days.
    /// * Batches: one body can carry several events. The event type is that of the first in `events`.
    /// * Ten retries over about three days.
    attio: "attio", "Attio",
        "https://docs.attio.com/rest-api/how-to/webhooks",
        Scheme::hmac_sha256("attio-signature", Hex)
            .id("header:idempotency-key")
            .event_type("body:/events/0/event_type"),
        batch: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
