use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Deel.
    ///
    /// * Signature: HMAC-SHA256 of `POST{body}`, as hex in `x-deel-signature`.
    /// * Secret: the webhook's signing key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/data/meta/event_type`, signed.
    deel: "deel", "Deel",
        "https://developer.deel.com/api/webhooks",
        Scheme::hmac_sha256("x-deel-signature", Hex)
            .signs("POST{body}")
            .event_type("body:/data/meta/event_type");
}
