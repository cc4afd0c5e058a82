use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Webhook-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * Event type: `header:x-webhook-event`, **not signed**.
    autosend: "autosend", "AutoSend",
        "https://docs.autosend.com/others/webhooks/verify-requests",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .event_type("header:x-webhook-event");
}
