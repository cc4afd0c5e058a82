use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Mollie (next-gen).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Mollie-Signature`. Secret: UTF-8.
    /// * Id: `body:/id`, signed.
    mollie: "mollie", "Mollie (next-gen)",
        "https://github.com/mollie/mollie-api-php/blob/HEAD/src/Webhooks/SignatureValidator.php",
        Scheme::hmac_sha256("x-mollie-signature", Hex)
            .optional_prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type");
}
