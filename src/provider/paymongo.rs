use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for PayMongo.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `paymongo-signature`.
    /// * Secret: the webhook's secret key, as text. The field `te` contains the signature of an event in test
    ///   mode, and `li` of one in live mode. The webhooks of the two modes have different secrets.
    /// * Delivery id: `body:/data/id`, signed.
    /// * Event type: `body:/data/attributes/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 137 minutes
    ///   ([source](https://developers.paymongo.com/docs/webhook-retry-logic)).
    paymongo: "paymongo", "PayMongo",
        "https://developers.paymongo.com/docs/securing-webhook",
        Scheme::hmac_sha256("paymongo-signature", Hex)
            .list(",")
            .pairs("=", ["te", "li"])
            .timestamp("field:t", Seconds)
            .signs("{ts}.{body}")
            .id("body:/data/id")
            .event_type("body:/data/attributes/type"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(137 * 60));
}
