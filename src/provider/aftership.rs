use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// AfterShip (tracking).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `aftership-hmac-sha256`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    aftership: "aftership", "AfterShip (tracking)",
        "https://www.aftership.com/docs/tracking/webhook/webhook-signature",
        Scheme::hmac_sha256("aftership-hmac-sha256", Base64);
}
