use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Dynamic.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-dynamic-signature-256`.
    /// * Secret: the webhook's secret token, as text.
    /// * Delivery id: `body:/eventId`, signed.
    /// * Event type: `body:/eventName`, signed.
    /// * Retries: yes, for up to 26 hours
    ///   ([source](https://www.dynamic.xyz/docs/platform/console/webhooks/delivery-best-practices)).
    dynamic: "dynamic", "Dynamic",
        "https://www.dynamic.xyz/docs/platform/console/webhooks/setup",
        Scheme::hmac_sha256("x-dynamic-signature-256", Hex)
            .prefix("sha256=")
            .id("body:/eventId")
            .event_type("body:/eventName"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(26 * 3600));
}
