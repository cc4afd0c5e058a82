use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// GetStream.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8 API secret.
    /// * Id: `header:X-Webhook-Id`, **not signed**.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app sign
    ///   with it.
    getstream: "getstream", "GetStream",
        "https://github.com/GetStream/stream-chat-js/blob/HEAD/test/unit/signing.test.js",
        Scheme::hmac_sha256("x-signature", Hex)
            .id("header:x-webhook-id")
            .event_type("body:/type"),
        shared_secret: true;
}
