use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Acuity-Signature`, base64.
    ///
    /// * Secret: API key.
    /// * Signed content: `{body}`, a form, HMAC-SHA256, in `X-Acuity-Signature`.
    /// * Delivery id: none.
    /// * Event type: `form:action`, signed.
    acuity: "acuity", "Acuity Scheduling",
        "https://github.com/AcuityScheduling/acuity-js/blob/HEAD/src/index.js",
        Scheme::hmac_sha256("x-acuity-signature", Base64)
            .event_type("form:action");
}
