use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Creates a verifier for Calendly.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `calendly-webhook-signature`.
    /// * Secret: the webhook signing key, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:t`; tolerance 180 s in the past and 300 s in the future. Calendly's sample code also
    ///   rejects timestamps older than 180 s.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 15 s
    ///   ([source](https://developer.calendly.com/api-docs/overview/webhooks/webhook-timeouts)).
    calendly: "calendly", "Calendly",
        "https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures",
        shapes::t_and_signature("calendly-webhook-signature", "v1")
            .tolerance(Some(180), 300)
            .event_type("body:/event"),
        ack_deadline: Some(Duration::from_secs(15)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        equal_bodies: true;
}
