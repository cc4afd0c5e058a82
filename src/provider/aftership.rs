use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `Aftership-Hmac-Sha256`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    aftership: "aftership", "AfterShip (tracking)",
        "https://www.aftership.com/docs/tracking/webhook/webhook-signature",
        Scheme::hmac_sha256("aftership-hmac-sha256", Base64);
}
