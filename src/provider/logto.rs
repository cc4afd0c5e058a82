use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Logto.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `logto-signature-sha-256`. Secret: UTF-8 signing key.
    /// * Id: none that names the delivery as a whole.
    logto: "logto", "Logto",
        "https://docs.logto.io/developers/webhooks/secure-webhooks",
        Scheme::hmac_sha256("logto-signature-sha-256", Hex);
}
