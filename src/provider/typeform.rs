use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `Typeform-Signature`, base64 after `sha256=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event_type`, signed.
    typeform: "typeform", "Typeform",
        "https://www.typeform.com/developers/webhooks/secure-your-webhooks/",
        Scheme::hmac_sha256("typeform-signature", Base64)
            .prefix("sha256=")
            .id("body:/event_id")
            .event_type("body:/event_type");
}
