use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Calendly-Webhook-Signature`, hex.
    ///
    /// * Secret: the text as it stands, the webhook signing key.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:t`; 180 s into the past and 300 s into the future. Calendly's own code has the same
    ///   limit.
    /// * Acknowledge within: 15 s.
    ///   ([source](https://developer.calendly.com/api-docs/overview/webhooks/webhook-timeouts)).
    calendly: "calendly", "Calendly",
        "https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures",
        shapes::t_and_signature("calendly-webhook-signature", "v1")
            .tolerance(Some(180), 300)
            .event_type("body:/event"),
        ack_deadline: Some(Duration::from_secs(15));
}
