use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `v0:{ts}:{body}` in `X-Cio-Signature`, hex.
    ///
    /// Customer.io (reporting webhooks).
    ///
    /// * Secret: the text as it stands, the webhook signing key.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/metric`, signed.
    /// * Timestamp: `header:x-cio-timestamp`; any age and 300 s into the future. Customer.io documents no limit;
    ///   set one with [`tolerance`](crate::WebhookLayer::tolerance).
    /// * Retries: yes; deduplicated for 8 days.
    /// * Acknowledge within: 4 s. Retries over seven days otherwise
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
        retries: Some(true);
}
