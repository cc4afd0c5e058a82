use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA1 of the body in `X-Helpscout-Signature`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * Event type: `header:x-helpscout-event`, **not signed**.
    helpscout: "helpscout", "Help Scout",
        "https://github.com/helpscout/helpscout-api-php/blob/HEAD/src/Webhooks/IncomingWebhook.php",
        Scheme::new(HmacSha1, "x-helpscout-signature", Base64)
            .event_type("header:x-helpscout-event");
}
