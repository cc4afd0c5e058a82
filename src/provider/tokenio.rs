use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::Ed25519, Encoding::Base64Url, Scheme};

providers! {
    /// Creates a verifier for Token.io.
    ///
    /// * Signature: Ed25519 signature of the body, as URL-safe base64 in `token-signature`.
    /// * Secret: the member's Ed25519 public key from the dashboard, URL-safe base64.
    /// * Delivery id: none.
    /// * Event type: `header:token-event`, **not signed**.
    /// * Retries: yes, for up to 3 days.
    tokenio -> Result: "tokenio", "Token.io",
        "https://docs.token.io/products/tpp/integration-considerations/webhooks",
        Scheme::new(Ed25519, "token-signature", Base64Url)
            .key_encoding(Base64Url)
            .event_type("header:token-event"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(72 * 3600));
}
