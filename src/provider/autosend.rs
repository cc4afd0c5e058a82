use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// AutoSend.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Webhook-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Event type: `header:X-Webhook-Event`, **not signed**.
    autosend: "autosend", "AutoSend",
        "https://docs.autosend.com/others/webhooks/verify-requests",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .event_type("header:x-webhook-event");
}
