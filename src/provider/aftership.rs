use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for AfterShip (tracking).
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `aftership-hmac-sha256`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes.
    aftership: "aftership", "AfterShip (tracking)",
        "https://www.aftership.com/docs/tracking/webhook/webhook-signature",
        Scheme::hmac_sha256("aftership-hmac-sha256", Base64)
            .id("body:/event_id")
            .event_type("body:/event"),
        retries: Some(true);
}
