use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Wistia.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-wistia-signature`.
    /// * Secret: the webhook's secret key, as text.
    /// * Delivery id: none. One body can carry several events, and each has its own id.
    /// * Event type: `body:/events/0/type`, signed.
    /// * Batches: one body can carry several events.
    wistia: "wistia", "Wistia",
        "https://docs.wistia.com/docs/webhooks",
        Scheme::hmac_sha256("x-wistia-signature", Hex)
            .event_type("body:/events/0/type"),
        batch: true;
}
