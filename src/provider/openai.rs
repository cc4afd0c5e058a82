use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}` in `Webhook-Signature`, base64.
    ///
    /// * Secret: base64 after optional `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    openai -> Result: "openai", "OpenAI",
        "https://github.com/openai/openai-python/blob/HEAD/tests/lib/test_webhook_signature.py",
        shapes::standard_webhooks("webhook")
            .event_type("body:/type");
}
