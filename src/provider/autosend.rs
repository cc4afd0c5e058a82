use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for AutoSend.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    /// * Event type: `header:x-webhook-event`, **not signed**.
    autosend: "autosend", "AutoSend",
        "https://docs.autosend.com/others/webhooks/verify-requests",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .event_type("header:x-webhook-event");
}
