use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// LINE Messaging API.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Line-Signature`. Secret: UTF-8 channel secret.
    /// * Id: none that names the delivery as a whole.
    line: "line", "LINE Messaging API",
        "https://github.com/line/line-bot-sdk-nodejs/blob/HEAD/test/validate-signature.spec.ts",
        Scheme::hmac_sha256("x-line-signature", Base64);
}
