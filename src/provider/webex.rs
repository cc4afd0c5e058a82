use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA1 of the body in `X-Spark-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. No id names the delivery as a whole; the body's `id` is the webhook's. What happened
    ///   is its `resource` and its `event`.
    /// * Event type: `body:/resource`, signed.
    webex: "webex", "Cisco Webex",
        "https://developer.webex.com/blog/using-a-webhook-secret",
        Scheme::new(HmacSha1, "x-spark-signature", Hex)
            .event_type("body:/resource");
}
