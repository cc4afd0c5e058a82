use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for CircleCI.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `circleci-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    circleci: "circleci", "CircleCI",
        "https://github.com/circleci/circleci-docs/blob/HEAD/docs/guides/modules/integration/pages/outbound-webhooks.adoc",
        Scheme::hmac_sha256("circleci-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true);
}
