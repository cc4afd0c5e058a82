use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// ClickUp.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    clickup: "clickup", "ClickUp",
        "https://developer.clickup.com/docs/webhooksignature",
        Scheme::hmac_sha256("x-signature", Hex)
            .event_type("body:/event");
}
