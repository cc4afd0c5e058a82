use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Notion-Signature`, hex after `sha256=`.
    ///
    /// * Secret: the verification token, as text, which Notion posts once, unsigned, when a subscription is
    ///   created. The layer rejects that request: read the token elsewhere.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    notion: "notion", "Notion",
        "https://github.com/makenotion/notion-sdk-js/blob/HEAD/src/webhooks.ts",
        Scheme::hmac_sha256("x-notion-signature", Hex)
            .prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type");
}
