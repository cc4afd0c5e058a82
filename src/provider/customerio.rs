use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Customer.io (reporting webhooks).
    ///
    /// * Signed: `v0:{ts}:{body}`, HMAC-SHA256, in `X-CIO-Signature`. Secret: UTF-8, the webhook
    ///   signing key.
    /// * Id: `body:/event_id`, signed.
    /// * Timestamp: `header:X-CIO-Timestamp`; any age, and up to 300 s into the future, since
    ///   Customer.io names no limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one).
    /// * An answer within 4 s, and retries over seven days otherwise
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
