use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Cisco Webex.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Spark-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole; the body's `id` is the webhook's. What happened
    ///   is its `resource` and its `event`.
    webex: "webex", "Cisco Webex",
        "https://developer.webex.com/blog/using-a-webhook-secret",
        Scheme::new(HmacSha1, "x-spark-signature", Hex)
            .event_type("body:/resource");
}
