use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for AfterShip (tracking).
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `aftership-hmac-sha256`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes, for up to 69 hours
    ///   ([source](http://www.aftership.io.s3-website-us-east-1.amazonaws.com/docs/aftership/3e327be7005c8-how-to-setup-the-webhooks)).
    aftership: "aftership", "AfterShip (tracking)",
        "https://www.aftership.com/docs/tracking/webhook/webhook-signature",
        Scheme::hmac_sha256("aftership-hmac-sha256", Base64)
            .id("body:/event_id")
            .event_type("body:/event"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(4096 * 60));
}
