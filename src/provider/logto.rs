use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Logto.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `logto-signature-sha-256`.
    /// * Secret: the signing key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    logto: "logto", "Logto",
        "https://docs.logto.io/developers/webhooks/secure-webhooks",
        Scheme::hmac_sha256("logto-signature-sha-256", Hex)
            .event_type("body:/event");
}
