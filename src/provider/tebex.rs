use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Tebex.
    ///
    /// * Signature: HMAC-SHA256 of `{sha256hex:body}`, as hex in `x-signature`.
    /// * Secret: the webhook's secret key, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Handshake: a signed event of the type `validation.webhook`. The handler must return 200 and a JSON
    ///   object with the event's `id`.
    tebex: "tebex", "Tebex",
        "https://docs.tebex.io/developers/webhooks/overview",
        Scheme::hmac_sha256("x-signature", Hex)
            .signs("{sha256hex:body}")
            .id("body:/id")
            .event_type("body:/type");
}
