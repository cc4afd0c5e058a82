use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Kontent.ai.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-kontent-ai-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none. One body can carry several notifications.
    /// * Batches: one body can carry several events.
    kontent_ai: "kontent-ai", "Kontent.ai",
        "https://kontent.ai/learn/docs/webhooks/webhooks/javascript",
        Scheme::hmac_sha256("x-kontent-ai-signature", Base64),
        batch: true;
}
