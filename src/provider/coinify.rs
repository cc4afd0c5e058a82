use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Coinify.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-coinify-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed ([source](https://coinify.readme.io/docs/webhook-structure)).
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes.
    coinify: "coinify", "Coinify",
        "https://coinify.readme.io/docs/webhook-signature",
        Scheme::hmac_sha256("x-coinify-webhook-signature", Hex)
            .id("body:/id")
            .event_type("body:/event"),
        retries: Some(true);
}
