use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Cisco Webex.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex in `x-spark-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none. The body's `id` identifies the webhook. `resource` and `event` describe the event.
    /// * Event type: `body:/resource`, signed.
    webex: "webex", "Cisco Webex",
        "https://developer.webex.com/blog/using-a-webhook-secret",
        Scheme::new(HmacSha1, "x-spark-signature", Hex)
            .event_type("body:/resource");
}
