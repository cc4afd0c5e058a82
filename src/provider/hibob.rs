use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for HiBob.
    ///
    /// * Signature: HMAC-SHA512 of the body, as base64 in `bob-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    hibob: "hibob", "HiBob",
        "https://apidocs.hibob.com/reference/getting-started-webhooks",
        Scheme::new(HmacSha512, "bob-signature", Base64)
            .event_type("body:/type");
}
