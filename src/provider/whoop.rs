use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for WHOOP.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}{body}`, as base64 in `x-whoop-signature`.
    /// * Secret: the app's client secret, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. Each body contains the event's
    ///   `trace_id`, so only retries have equal bodies.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-whoop-signature-timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. The timestamp is in
    ///   milliseconds. WHOOP documents no maximum age.
    /// * Retries: yes, for up to 1 hour. WHOOP makes five retries.
    /// * Deduplication window: 1 day.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhook URLs of an app share the secret.
    whoop: "whoop", "WHOOP",
        "https://developer.whoop.com/docs/developing/webhooks/",
        Scheme::hmac_sha256("x-whoop-signature", Base64)
            .timestamp("header:x-whoop-signature-timestamp", Milliseconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .event_type("body:/type"),
        shared_secret: true,
        equal_bodies: true,
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3600));
}
