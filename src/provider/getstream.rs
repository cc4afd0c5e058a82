use super::providers;
use crate::verify::{Encoding::Hex, Scheme, SignedEncoding};

providers! {
    /// HMAC-SHA256 of the body in `X-Signature`, hex.
    ///
    /// * Secret: API secret.
    /// * Signed content: `{body}`, HMAC-SHA256, in `X-Signature`: of a compressed body the bytes before they
    ///   were compressed, so place the layer inside of what decompresses requests
    ///   ([source](https://github.com/GetStream/stream-chat-js/blob/HEAD/docs/webhooks.md)).
    /// * Delivery id: `header:x-webhook-id`, **not signed**.
    /// * Event type: `body:/type`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share it.
    getstream: "getstream", "GetStream",
        "https://github.com/GetStream/stream-chat-js/blob/HEAD/test/unit/signing.test.js",
        Scheme::hmac_sha256("x-signature", Hex)
            .id("header:x-webhook-id")
            .event_type("body:/type"),
        profile: |profile| profile.with_content_encoding(SignedEncoding::Decoded),
        shared_secret: true;
}
