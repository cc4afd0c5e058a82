use std::time::Duration;

use super::{providers, shapes::t_and_signature};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Stripe-Signature`, hex.
    ///
    /// * Secret: the whole text *including* `whsec_`.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * Retries: yes; deduplicated for 4 days. For up to three days
    ///   ([source](https://docs.stripe.com/webhooks)).
    stripe: "stripe", "Stripe",
        "https://docs.stripe.com/webhooks/signature",
        t_and_signature("stripe-signature", "v1")
            .id("body:/id")
            .event_type("body:/type"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
