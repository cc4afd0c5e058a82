use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Line-Signature`, base64.
    ///
    /// * Secret: the channel secret, as text.
    /// * Delivery id: none.
    /// * Batches: one body can carry several events. Or none, when the console tests the endpoint
    ///   ([source](https://developers.line.biz/en/docs/messaging-api/receiving-messages)).
    line: "line", "LINE Messaging API",
        "https://github.com/line/line-bot-sdk-nodejs/blob/HEAD/test/validate-signature.spec.ts",
        Scheme::hmac_sha256("x-line-signature", Base64),
        batch: true;
}
