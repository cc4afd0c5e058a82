use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Typeform.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Typeform-Signature`. Secret: UTF-8.
    /// * Id: `body:/event_id`, signed.
    typeform: "typeform", "Typeform",
        "https://www.typeform.com/developers/webhooks/secure-your-webhooks/",
        Scheme::hmac_sha256("typeform-signature", Base64)
            .prefix("sha256=")
            .id("body:/event_id")
            .event_type("body:/event_type");
}
