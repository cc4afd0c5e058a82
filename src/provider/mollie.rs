use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Mollie-Signature`, hex after an optional `sha256=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    mollie: "mollie", "Mollie (next-gen)",
        "https://github.com/mollie/mollie-api-php/blob/HEAD/src/Webhooks/SignatureValidator.php",
        Scheme::hmac_sha256("x-mollie-signature", Hex)
            .optional_prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type");
}
