use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Onfido.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-sha2-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    /// * Event type: `body:/payload/action`, signed.
    onfido: "onfido", "Onfido",
        "https://github.com/onfido/onfido-node/blob/HEAD/test/classic-webhook-event-verifier.test.ts",
        Scheme::hmac_sha256("x-sha2-signature", Hex)
            .event_type("body:/payload/action");
}
