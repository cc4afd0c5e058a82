use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Help Scout.
    ///
    /// * Signature: HMAC-SHA1 of the body, as base64 in `x-helpscout-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    /// * Event type: `header:x-helpscout-event`, **not signed**.
    helpscout: "helpscout", "Help Scout",
        "https://github.com/helpscout/helpscout-api-php/blob/HEAD/src/Webhooks/IncomingWebhook.php",
        Scheme::new(HmacSha1, "x-helpscout-signature", Base64)
            .event_type("header:x-helpscout-event");
}
