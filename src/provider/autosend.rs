use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for AutoSend.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-webhook-delivery-id`, **not signed**.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 2 minutes.
    /// * Acknowledge within: 10 s.
    autosend: "autosend", "AutoSend",
        "https://docs.autosend.com/others/webhooks/verify-requests",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .id("header:x-webhook-delivery-id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(2 * 60)),
        lease: Some(Duration::from_secs(10));
}
