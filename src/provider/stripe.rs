use std::time::Duration;

use super::{providers, shapes::t_and_signature};

providers! {
    /// Stripe.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `Stripe-Signature`. Secret: UTF-8 of the whole
    ///   string *including* `whsec_`.
    /// * Id: `body:/id`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * Retries for up to three days ([source](https://docs.stripe.com/webhooks)).
    stripe: "stripe", "Stripe",
        "https://docs.stripe.com/webhooks/signature",
        t_and_signature("stripe-signature", "v1")
            .id("body:/id")
            .event_type("body:/type"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
