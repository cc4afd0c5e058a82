use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for PagerDuty v3.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-pagerduty-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/event/id`, signed.
    /// * Event type: `body:/event/event_type`, signed.
    /// * Retries: yes, for up to 2 days.
    /// * Acknowledge within: 5 s.
    pagerduty: "pagerduty", "PagerDuty v3",
        "https://github.com/PagerDuty/developer-docs/blob/HEAD/docs/webhooks/04-Signatures.md",
        Scheme::hmac_sha256("x-pagerduty-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .id("body:/event/id")
            .event_type("body:/event/event_type"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(2 * 24 * 3600));
}
