use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Notion.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Notion-Signature`. Secret: UTF-8 verification token,
    ///   which Notion posts once, unsigned, when a subscription is made. That request is refused:
    ///   read the token elsewhere.
    /// * Id: `body:/id`, signed.
    notion: "notion", "Notion",
        "https://github.com/makenotion/notion-sdk-js/blob/HEAD/src/webhooks.ts",
        Scheme::hmac_sha256("x-notion-signature", Hex)
            .prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type");
}
