use std::time::Duration;

use super::providers;
use crate::verify::{Attempt::Retries, Encoding::Base64, Location, Scheme};

providers! {
    /// HMAC-SHA256 of `{url}{body}` in `X-Square-Hmacsha256-Signature`, base64.
    ///
    /// * Secret: the signature key, as text. The body must be a JSON object, and the URL without `{` and `[`:
    ///   the bounds between the two would be ambiguous otherwise.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes; deduplicated for 4 days. For up to 24 hours, formerly 72
    ///   ([source](https://developer.squareup.com/docs/webhooks/troubleshooting)), which `square-retry-number`
    ///   counts from 1 ([source](https://developer.squareup.com/docs/webhooks/build-with-webhooks)).
    square: "square", "Square",
        "https://github.com/square/square-nodejs-sdk/blob/HEAD/tests/integration/webhooks.test.ts",
        Scheme::hmac_sha256("x-square-hmacsha256-signature", Base64)
            .signs("{url}{body}")
            .id("body:/event_id")
            .event_type("body:/type"),
        attempt: Some(|| Retries(Location::header("square-retry-number"))),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
