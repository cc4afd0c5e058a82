use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Shoplazza.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-shoplazza-hmac-sha256`.
    /// * Secret: the app's client secret, as text.
    /// * Delivery id: `header:x-shoplazza-deduplication-id`, **not signed**
    ///   ([source](https://www.shoplazza.dev/reference/webhook-properties)).
    /// * Event type: `header:x-shoplazza-topic`, **not signed**.
    /// * Retries: yes, for up to 2 days. Shoplazza makes 19 attempts.
    shoplazza: "shoplazza", "Shoplazza",
        "https://www.shoplazza.dev/reference/webhook-copy",
        Scheme::hmac_sha256("x-shoplazza-hmac-sha256", Base64)
            .id("header:x-shoplazza-deduplication-id")
            .event_type("header:x-shoplazza-topic"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(2 * 24 * 3600));
}
