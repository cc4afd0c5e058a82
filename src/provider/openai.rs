use super::{providers, shapes};

providers! {
    /// OpenAI.
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    openai -> Result: "openai", "OpenAI",
        "https://github.com/openai/openai-python/blob/HEAD/tests/lib/test_webhook_signature.py",
        shapes::standard_webhooks("webhook")
            .event_type("body:/type");
}
