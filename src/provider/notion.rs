use std::time::Duration;

use super::providers;
use crate::verify::{Attempt, Encoding::Hex, Location, Scheme};

providers! {
    /// Creates a verifier for Notion.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-notion-signature`.
    /// * Secret: the verification token, as text. Notion posts the token once, in an unsigned request, when you
    ///   create a subscription. The layer rejects that request, so receive the request on a route without the
    ///   layer.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 1 day ([source](https://developers.notion.com/reference/webhooks)).
    notion: "notion", "Notion",
        "https://github.com/makenotion/notion-sdk-js/blob/HEAD/src/webhooks.ts",
        Scheme::hmac_sha256("x-notion-signature", Hex)
            .prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        attempt: Some(|| Attempt::Number(Location::json("/attempt_number")));
}
