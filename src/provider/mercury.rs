use std::time::Duration;

use super::{providers, shapes::t_and_signature};
use crate::verify::Encoding::Base64;

providers! {
    /// Creates a verifier for Mercury.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `mercury-signature`.
    /// * Secret: the endpoint's `secretKey`, as base64.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: none: `resourceType` and `operationType` of the body together state it.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 5 s.
    mercury -> Result: "mercury", "Mercury",
        "https://docs.mercury.com/reference/webhooks",
        t_and_signature("mercury-signature", "v1")
            .key_encoding(Base64)
            .id("body:/id"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600));
}
