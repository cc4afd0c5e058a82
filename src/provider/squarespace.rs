use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Squarespace.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `squarespace-signature`.
    /// * Secret: the webhook subscription's secret, hex.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/topic`, signed.
    squarespace -> Result: "squarespace", "Squarespace",
        "https://developers.squarespace.com/webhooks/verifying-notifications",
        Scheme::hmac_sha256("squarespace-signature", Hex)
            .key_encoding(Hex)
            .id("body:/id")
            .event_type("body:/topic");
}
