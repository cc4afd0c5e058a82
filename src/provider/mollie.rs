use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Mollie (next-gen).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with an optional prefix `sha256=` in `x-mollie-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 26 hours.
    /// * Acknowledge within: 15 s.
    mollie: "mollie", "Mollie (next-gen)",
        "https://github.com/mollie/mollie-api-php/blob/HEAD/src/Webhooks/SignatureValidator.php",
        Scheme::hmac_sha256("x-mollie-signature", Hex)
            .optional_prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(15)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(26 * 3600));
}
