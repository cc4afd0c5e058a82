use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Checkr.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-checkr-signature`.
    /// * Secret: the account's secret API key, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an account share the key.
    checkr: "checkr", "Checkr",
        "https://docs.checkr.com/#section/Webhooks/Validating-webhooks",
        Scheme::hmac_sha256("x-checkr-signature", Hex)
            .id("body:/id")
            .event_type("body:/type"),
        shared_secret: true;
}
