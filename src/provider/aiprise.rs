use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for AiPrise.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-hmac-signature`.
    /// * Secret: the private API key, as text.
    /// * Delivery id: none. `verification_session_id` names the session, which can cause several callbacks.
    aiprise: "aiprise", "AiPrise",
        "https://docs.aiprise.com/docs/callbacks-authentication",
        Scheme::hmac_sha256("x-hmac-signature", Hex);
}
