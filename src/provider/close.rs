use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Close.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}{body}`, as hex in `close-sig-hash`.
    /// * Secret: the `signature_key`, hex.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. Close may send changed versions of
    ///   an event with the same `event.id` ([source](https://developer.close.com/resources/event-log/)). Each
    ///   body contains the event's time, so only retries have equal bodies.
    /// * Event type: `body:/event/action`, signed.
    /// * Timestamp: `header:close-sig-timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Close documents no
    ///   maximum age.
    /// * Retries: yes, for up to 3 days.
    /// * Deduplication window: 4 days.
    /// * Acknowledge within: 15 s.
    close -> Result: "close", "Close",
        "https://developer.close.com/topics/webhooks/",
        Scheme::hmac_sha256("close-sig-hash", Hex)
            .key_encoding(Hex)
            .timestamp("header:close-sig-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .event_type("body:/event/action"),
        equal_bodies: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600)),
        ack_deadline: Some(Duration::from_secs(15));
}
