use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Smile API.
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex in `smile-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes.
    smile_api: "smile-api", "Smile API",
        "https://docs.getsmileapi.com/reference/webhooks",
        Scheme::new(HmacSha512, "smile-signature", Hex)
            .id("body:/id")
            .event_type("body:/type"),
        retries: Some(true);
}
