use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for LINE Messaging API.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-line-signature`.
    /// * Secret: the channel secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/events/0/type`, signed.
    /// * Batches: one body can carry several events. The body has no events when the console tests the endpoint
    ///   ([source](https://developers.line.biz/en/docs/messaging-api/receiving-messages)).
    line: "line", "LINE Messaging API",
        "https://github.com/line/line-bot-sdk-nodejs/blob/HEAD/test/validate-signature.spec.ts",
        Scheme::hmac_sha256("x-line-signature", Base64)
            .event_type("body:/events/0/type"),
        batch: true;
}
