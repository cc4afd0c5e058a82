use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Typeform.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 with the prefix `sha256=` in `typeform-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Retries: yes, for up to 35 minutes.
    typeform: "typeform", "Typeform",
        "https://www.typeform.com/developers/webhooks/secure-your-webhooks/",
        Scheme::hmac_sha256("typeform-signature", Base64)
            .prefix("sha256=")
            .id("body:/event_id")
            .event_type("body:/event_type"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(35 * 60));
}
