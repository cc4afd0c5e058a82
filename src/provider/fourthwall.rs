use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Fourthwall.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-fourthwall-hmac-sha256` or
    ///   `x-fourthwall-hmac-apps-sha256`.
    /// * Secret: text, not decoded.
    /// * Signed content: `{body}`. Platform apps use the header `x-fourthwall-hmac-apps-sha256`.
    /// * Delivery id: `body:/id`, signed ([source](https://docs.fourthwall.com/webhooks/webhook-model)).
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s. Otherwise Fourthwall retries
    ///   ([source](https://docs.fourthwall.com/response-retry-policies)).
    fourthwall: "fourthwall", "Fourthwall",
        "https://docs.fourthwall.com/webhooks/signature-verification",
        Scheme::hmac_sha256("x-fourthwall-hmac-sha256", Base64)
            .signature_in(["header:x-fourthwall-hmac-sha256", "header:x-fourthwall-hmac-apps-sha256"])
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true);
}
