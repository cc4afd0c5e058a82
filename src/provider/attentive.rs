use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Attentive.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-attentive-hmac-sha256`.
    /// * Secret: the webhook's signing key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    attentive: "attentive", "Attentive",
        "https://docs.attentive.com/pages/webhooks/webhook-authentication/",
        Scheme::hmac_sha256("x-attentive-hmac-sha256", Hex)
            .event_type("body:/type");
}
