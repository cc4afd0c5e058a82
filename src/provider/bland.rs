use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Bland.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-webhook-signature`.
    /// * Secret: the webhook signing secret, as text.
    /// * Delivery id: none.
    bland: "bland", "Bland",
        "https://docs.bland.ai/tutorials/webhook-signing",
        Scheme::hmac_sha256("x-webhook-signature", Hex);
}
