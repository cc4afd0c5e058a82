use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Sendcloud.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Sendcloud-Signature`. Secret: UTF-8, the integration's
    ///   secret key or webhook signature key.
    /// * Id: none that names the delivery as a whole.
    sendcloud: "sendcloud", "Sendcloud",
        "https://sendcloud.dev/api/v2/webhooks",
        Scheme::hmac_sha256("sendcloud-signature", Hex);
}
