use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Emailit.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `x-emailit-signature`.
    /// * Secret: the signing secret, as text including `whsec_`.
    /// * Delivery id: none. A delivery can be a batch of events, and has no id as a whole.
    /// * Timestamp: `header:x-emailit-timestamp`; tolerance 300 s.
    /// * Retries: yes. Emailit retries for about three days, and signs each attempt anew
    ///   ([source](https://emailit.com/products/webhooks)).
    /// * Deduplication window: 4 days.
    /// * Batches: one body can carry several events. At most 100
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
