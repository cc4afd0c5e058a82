use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Sendcloud.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `sendcloud-signature`.
    /// * Secret: the integration's secret key or webhook signature key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/action`, signed.
    sendcloud: "sendcloud", "Sendcloud",
        "https://sendcloud.dev/api/v2/webhooks",
        Scheme::hmac_sha256("sendcloud-signature", Hex)
            .event_type("body:/action");
}
