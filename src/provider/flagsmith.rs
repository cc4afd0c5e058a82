use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Flagsmith.
    ///
    /// The verifier accepts environment webhooks, organisation webhooks, and the webhook integration.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-flagsmith-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event_type`, signed. The webhook integration sends flag evaluations without an event
    ///   type.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s
    ///   ([source](https://github.com/Flagsmith/flagsmith/blob/HEAD/api/webhooks/webhooks.py)).
    flagsmith: "flagsmith", "Flagsmith",
        "https://github.com/Flagsmith/flagsmith/blob/HEAD/docs/docs/administration-and-security/platform-configuration/environment-settings.md",
        Scheme::hmac_sha256("x-flagsmith-signature", Hex)
            .event_type("body:/event_type"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(10));
}
