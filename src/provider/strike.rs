use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Strike.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-webhook-signature`.
    /// * Secret: the subscription's secret, as text.
    /// * Delivery id: `body:/id`, signed ([source](https://docs.strike.me/api/find-event-by-id)).
    /// * Event type: `body:/eventType`, signed.
    /// * Retries: yes, for up to 10 days ([source](https://docs.strike.me/webhooks/failure-recovery)).
    /// * Deduplication window: 11 days.
    /// * Acknowledge within: 5 s.
    /// * Strike stops retrying if a response has the status 410 or 501.
    strike: "strike", "Strike",
        "https://docs.strike.me/webhooks/signature-verification",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .id("body:/id")
            .event_type("body:/eventType"),
        dedupe_window: Some(Duration::from_secs(11 * 24 * 3600)),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(797_160));
}
