use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Creates a verifier for Whereby.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `whereby-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s. Otherwise Whereby retries twice, after "a short exponential backoff". The
    ///   [lease](crate::WebhookLayer::lease) of claims must expire before the last retry, so it is 3 s.
    whereby: "whereby", "Whereby",
        "https://github.com/whereby/docs/blob/HEAD/meeting-content-and-quality/insights-suite-and-api/webhooks.md",
        shapes::t_and_signature("whereby-signature", "v1")
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        lease: Some(Duration::from_secs(3));
}
