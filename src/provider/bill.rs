use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for BILL.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-bill-sha-signature`.
    /// * Secret: the subscription's `securityKey`, as text.
    /// * Delivery id: `body:/metadata/eventId`, signed.
    /// * Event type: `body:/metadata/eventType`, signed.
    /// * Retries: yes.
    bill: "bill", "BILL",
        "https://developer.bill.com/docs/test-with-webhook-security",
        Scheme::hmac_sha256("x-bill-sha-signature", Base64)
            .id("body:/metadata/eventId")
            .event_type("body:/metadata/eventType"),
        retries: Some(true);
}
