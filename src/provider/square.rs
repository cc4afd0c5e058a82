use std::time::Duration;

use super::providers;
use crate::verify::{Attempt::Retries, Encoding::Base64, Location, Scheme};

providers! {
    /// Creates a verifier for Square.
    ///
    /// * Signature: HMAC-SHA256 of `{url}{body}`, as base64 in `x-square-hmacsha256-signature`.
    /// * Secret: the signature key, as text.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 3 days. Square documents 24 hours. The layer assumes 3 days, which Square
    ///   formerly documented ([source](https://developer.squareup.com/docs/webhooks/troubleshooting)).
    ///   `square-retry-number` is the number of the retry, starting at 1
    ///   ([source](https://developer.squareup.com/docs/webhooks/build-with-webhooks)).
    /// * Deduplication window: 4 days.
    /// * Acknowledge within: 10 s.
    /// * The body must be empty or begin with `{` or `[` (JSON), and the URL must contain neither of these two
    ///   characters. The layer rejects other deliveries, because the boundary between the URL and the body would
    ///   be ambiguous.
    square: "square", "Square",
        "https://github.com/square/square-nodejs-sdk/blob/HEAD/tests/integration/webhooks.test.ts",
        Scheme::hmac_sha256("x-square-hmacsha256-signature", Base64)
            .signs("{url}{body}")
            .id("body:/event_id")
            .event_type("body:/type"),
        attempt: Some(|| Retries(Location::header("square-retry-number"))),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600)),
        ack_deadline: Some(Duration::from_secs(10));
}
