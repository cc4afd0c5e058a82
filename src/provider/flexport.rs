use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Flexport.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature-256`.
    /// * Secret: the endpoint's secret token, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes.
    flexport: "flexport", "Flexport",
        "https://developers.flexport.com/faq/webhooks/",
        Scheme::hmac_sha256("x-hub-signature-256", Hex)
            .prefix("sha256=")
            .event_type("body:/type"),
        retries: Some(true);
}
