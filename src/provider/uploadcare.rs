use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Uploadcare.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `v1=` in `x-uc-signature`.
    /// * Secret: the webhook's signing secret, as text. Uploadcare does not sign if the webhook has no secret.
    /// * Delivery id: none.
    /// * Event type: `body:/hook/event`, signed.
    uploadcare: "uploadcare", "Uploadcare",
        "https://uploadcare.com/docs/security/secure-webhooks/",
        Scheme::hmac_sha256("x-uc-signature", Hex)
            .prefix("v1=")
            .event_type("body:/hook/event");
}
