use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Sumsub.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-payload-digest`.
    /// * Secret: the webhook's secret key, as text. The webhook's signature algorithm must be SHA256, the
    ///   default.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. Each body contains the time of the
    ///   event in milliseconds.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 25 hours ([source](https://docs.sumsub.com/docs/webhooks)).
    /// * Acknowledge within: 5 s.
    sumsub: "sumsub", "Sumsub",
        "https://docs.sumsub.com/docs/webhook-manager",
        Scheme::hmac_sha256("x-payload-digest", Hex)
            .event_type("body:/type"),
        equal_bodies: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(25 * 3600)),
        ack_deadline: Some(Duration::from_secs(5));
}
