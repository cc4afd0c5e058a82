use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Dub.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `dub-signature`.
    /// * Secret: the webhook's signing secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/event`, signed.
    dub: "dub", "Dub",
        "https://dub.co/docs/concepts/webhooks/verify-webhook-requests",
        Scheme::hmac_sha256("dub-signature", Hex)
            .id("body:/id")
            .event_type("body:/event");
}
