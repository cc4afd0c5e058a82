use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Monnify.
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex in `monnify-signature`.
    /// * Secret: the account's client secret key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/eventType`, signed.
    monnify: "monnify", "Monnify",
        "https://developers.monnify.com/docs/webhooks",
        Scheme::new(HmacSha512, "monnify-signature", Hex)
            .event_type("body:/eventType");
}
