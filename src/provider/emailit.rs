use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `X-Emailit-Signature`, hex.
    ///
    /// * Secret: the whole text *including* `whsec_`.
    /// * Delivery id: none. No id names the delivery as a whole, which may be a batch of events.
    /// * Timestamp: `header:x-emailit-timestamp`; 300 s into the past and 300 s into the future.
    /// * Retries: yes; deduplicated for 4 days. For about three days; each attempt has a new signature
    ///   ([source](https://emailit.com/products/webhooks)).
    /// * Batches: one body can carry several events. Up to 100
    ///   ([source](https://emailit.com/docs/webhooks/webhook-requests)).
    emailit: "emailit", "Emailit",
        "https://emailit.com/docs/webhooks/request-signature",
        Scheme::hmac_sha256("x-emailit-signature", Hex)
            .timestamp("header:x-emailit-timestamp", Seconds)
            .signs("{ts}.{body}"),
        batch: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
