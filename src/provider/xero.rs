use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Xero.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-xero-signature`.
    /// * Secret: the webhook signing key, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. A delivery can be a batch of
    ///   events, and has no id as a whole. Each body contains random text, so only retries have equal bodies.
    /// * Event type: `body:/events/0/eventType`, signed.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 5 s. Xero requires a 200 without a body. Otherwise it retries for up to 24 hours.
    /// * Handshake: deliveries without events, some of them with an invalid signature. Xero expects a 401 for an
    ///   invalid signature and a 200 otherwise. Deliveries with a valid signature reach the handler, which must
    ///   return 200.
    /// * Batches: one body can carry several events.
    xero: "xero", "Xero",
        "https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/",
        Scheme::hmac_sha256("x-xero-signature", Base64)
            .event_type("body:/events/0/eventType"),
        profile: |profile| profile.with_empty_rejections(true),
        batch: true,
        equal_bodies: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(5));
}
