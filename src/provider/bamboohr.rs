use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for BambooHR.
    ///
    /// * Signature: HMAC-SHA256 of `{body}{ts}`, as hex in `x-bamboohr-signature`.
    /// * Secret: the webhook's private key, as text. BambooHR shows it only when the webhook is created.
    /// * Delivery id: none.
    /// * Timestamp: `header:x-bamboohr-timestamp`; tolerance 300 s.
    bamboohr: "bamboohr", "BambooHR",
        "https://documentation.bamboohr.com/docs/webhooks",
        Scheme::hmac_sha256("x-bamboohr-signature", Hex)
            .timestamp("header:x-bamboohr-timestamp", Seconds)
            .signs("{body}{ts}");
}
