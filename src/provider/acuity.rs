use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Acuity Scheduling.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-acuity-signature`.
    /// * Secret: the API key, as text.
    /// * Signed content: `{body}`, which is a form.
    /// * Delivery id: none.
    /// * Event type: `form:action`, signed.
    acuity: "acuity", "Acuity Scheduling",
        "https://github.com/AcuityScheduling/acuity-js/blob/HEAD/src/index.js",
        Scheme::hmac_sha256("x-acuity-signature", Base64)
            .event_type("form:action");
}
