use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `Sendcloud-Signature`, hex.
    ///
    /// * Secret: the text as it stands, the integration's secret key or webhook signature key.
    /// * Delivery id: none.
    sendcloud: "sendcloud", "Sendcloud",
        "https://sendcloud.dev/api/v2/webhooks",
        Scheme::hmac_sha256("sendcloud-signature", Hex);
}
