use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}` in `Webhook-Signature`, base64.
    ///
    /// * Secret: base64 after optional `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    anthropic -> Result: "anthropic", "Anthropic (managed agents)",
        "https://github.com/anthropics/anthropic-sdk-python/blob/HEAD/src/anthropic/resources/beta/webhooks.py",
        shapes::standard_webhooks("webhook")
            .event_type("body:/type");
}
