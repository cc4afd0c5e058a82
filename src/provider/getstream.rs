use super::providers;
use crate::verify::{Encoding::Hex, Scheme, SignedEncoding};

providers! {
    /// Creates a verifier for GetStream.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-signature`.
    /// * Secret: the API secret, as text.
    /// * Signed content: `{body}`, before compression. If GetStream compresses the body, decompress the request
    ///   before it reaches the layer
    ///   ([source](https://github.com/GetStream/stream-chat-js/blob/HEAD/docs/webhooks.md)).
    /// * Delivery id: `header:x-webhook-id`, **not signed**.
    /// * Event type: `body:/type`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share the secret.
    getstream: "getstream", "GetStream",
        "https://github.com/GetStream/stream-chat-js/blob/HEAD/test/unit/signing.test.js",
        Scheme::hmac_sha256("x-signature", Hex)
            .id("header:x-webhook-id")
            .event_type("body:/type"),
        profile: |profile| profile.with_content_encoding(SignedEncoding::Decoded),
        shared_secret: true;
}
