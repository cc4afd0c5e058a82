use std::time::Duration;

use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Stripe.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `stripe-signature`.
    /// * Secret: the endpoint's signing secret, as text *including* `whsec_`.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 3 days ([source](https://docs.stripe.com/webhooks)).
    /// * Deduplication window: 4 days.
    stripe: "stripe", "Stripe",
        "https://docs.stripe.com/webhooks/signature",
        t_and_signature("stripe-signature", "v1")
            .id("body:/id")
            .event_type("body:/type"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600));
}
