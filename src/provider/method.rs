use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Method Financial.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}:{body}`, as hex in `method-webhook-signature`.
    /// * Secret: the webhook's `hmac_secret`, as text. Method does not sign if the webhook has no such secret.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:method-webhook-timestamp`; tolerance 300 s.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s.
    method: "method", "Method Financial",
        "https://docs.methodfi.com/reference/webhooks/overview",
        Scheme::hmac_sha256("method-webhook-signature", Hex)
            .timestamp("header:method-webhook-timestamp", Seconds)
            .signs("{ts}:{body}")
            .event_type("body:/type"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(5));
}
