use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// Help Scout.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-HelpScout-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Event type: `header:X-HelpScout-Event`, **not signed**.
    helpscout: "helpscout", "Help Scout",
        "https://github.com/helpscout/helpscout-api-php/blob/HEAD/src/Webhooks/IncomingWebhook.php",
        Scheme::new(HmacSha1, "x-helpscout-signature", Base64)
            .event_type("header:x-helpscout-event");
}
