use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Shortcut.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `payload-signature`.
    /// * Secret: the webhook's secret, as text. Shortcut does not sign if the webhook has no secret.
    /// * Delivery id: `body:/id`, signed.
    shortcut: "shortcut", "Shortcut",
        "https://developer.shortcut.com/api/webhook/v1",
        Scheme::hmac_sha256("payload-signature", Hex)
            .id("body:/id");
}
