use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Whereby-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s. Two retries otherwise, after "a short exponential backoff", so the
    ///   [lease](crate::WebhookLayer::lease) of claims is 3 s.
    whereby: "whereby", "Whereby",
        "https://github.com/whereby/docs/blob/HEAD/meeting-content-and-quality/insights-suite-and-api/webhooks.md",
        shapes::t_and_signature("whereby-signature", "v1")
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        lease: Some(Duration::from_secs(3));
}
