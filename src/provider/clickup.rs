use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    clickup: "clickup", "ClickUp",
        "https://developer.clickup.com/docs/webhooksignature",
        Scheme::hmac_sha256("x-signature", Hex)
            .event_type("body:/event");
}
