use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Unit.
    ///
    /// * Signature: HMAC-SHA1 of the body, as base64 in `x-unit-signature`.
    /// * Secret: the webhook's token, as text.
    /// * Delivery id: none.
    /// * Batches: one body can carry several events.
    unit: "unit", "Unit",
        "https://github.com/unit-finance/unit-node-sdk/blob/HEAD/resources/webhooks.ts",
        Scheme::new(HmacSha1, "x-unit-signature", Base64),
        batch: true;
}
