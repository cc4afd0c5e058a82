use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Acuity Scheduling.
    ///
    /// * Signed: `{body}`, a form, HMAC-SHA256, in `X-Acuity-Signature`. Secret: UTF-8 API key.
    /// * Id: none that names the delivery as a whole.
    acuity: "acuity", "Acuity Scheduling",
        "https://github.com/AcuityScheduling/acuity-js/blob/HEAD/src/index.js",
        Scheme::hmac_sha256("x-acuity-signature", Base64)
            .event_type("form:action");
}
