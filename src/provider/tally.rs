use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Tally.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `tally-signature`.
    /// * Secret: the webhook's signing secret, as text.
    /// * Delivery id: `body:/eventId`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    tally: "tally", "Tally",
        "https://tally.so/help/webhooks",
        Scheme::hmac_sha256("tally-signature", Base64)
            .id("body:/eventId")
            .event_type("body:/eventType"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(10));
}
