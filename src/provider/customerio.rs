use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Customer.io.
    ///
    /// The verifier accepts reporting webhooks.
    ///
    /// * Signature: HMAC-SHA256 of `v0:{ts}:{body}`, as hex in `x-cio-signature`.
    /// * Secret: the webhook signing key, as text.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/metric`, signed.
    /// * Timestamp: `header:x-cio-timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Customer.io documents no
    ///   maximum age.
    /// * Retries: yes, for up to 7 days ([source](https://docs.customer.io/api/webhooks/)).
    /// * Deduplication window: 8 days.
    /// * Acknowledge within: 4 s. Otherwise Customer.io retries over seven days
    ///   ([source](https://docs.customer.io/api/webhooks/)).
    customerio: "customerio", "Customer.io",
        "https://docs.customer.io/integrations/data-out/connections/webhooks/",
        Scheme::hmac_sha256("x-cio-signature", Hex)
            .timestamp("header:x-cio-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("v0:{ts}:{body}")
            .id("body:/event_id")
            .event_type("body:/metric"),
        dedupe_window: Some(Duration::from_secs(8 * 24 * 3600)),
        ack_deadline: Some(Duration::from_secs(4)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(7 * 24 * 3600));
}
