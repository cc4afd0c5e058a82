use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Stripe.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `Stripe-Signature`. Secret: UTF-8 of the whole
    ///   string *including* `whsec_`.
    /// * Id: `body:/id`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * Retries for up to three days ([source](https://docs.stripe.com/webhooks)).
    stripe, try_stripe: "stripe", "Stripe",
        "https://docs.stripe.com/webhooks/signature",
        Scheme::hmac_sha256("stripe-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Seconds)
            .tolerance(Some(300), 300)
            .signs("{ts}.{body}")
            .id("body:/id")
            .event_type("body:/type"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
