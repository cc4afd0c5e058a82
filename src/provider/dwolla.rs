use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Dwolla.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-request-signature-sha-256`.
    /// * Secret: the secret of the webhook subscription, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/topic`, signed.
    /// * Retries: yes, for up to 3 days.
    /// * Acknowledge within: 10 s.
    dwolla: "dwolla", "Dwolla",
        "https://developers.dwolla.com/docs/balance/webhooks/process-validate",
        Scheme::hmac_sha256("x-request-signature-sha-256", Hex)
            .id("body:/id")
            .event_type("body:/topic"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(72 * 3600));
}
