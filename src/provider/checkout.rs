use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Checkout.com.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `cko-signature`.
    /// * Secret: the signature key, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 30 hours.
    /// * Acknowledge within: 10 s.
    checkout: "checkout", "Checkout.com",
        "https://checkout.com/docs/workflows/set-up-your-webhook-receiver",
        Scheme::hmac_sha256("cko-signature", Hex)
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(30 * 3600));
}
