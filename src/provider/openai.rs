use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Creates a verifier for OpenAI.
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: base64, with or without the prefix `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 3 days.
    openai -> Result: "openai", "OpenAI",
        "https://github.com/openai/openai-python/blob/HEAD/tests/lib/test_webhook_signature.py",
        shapes::standard_webhooks("webhook")
            .event_type("body:/type"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600));
}
