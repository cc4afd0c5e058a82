use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}` in `Webhook-Signature`, base64.
    ///
    /// * Secret: base64 after optional `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    lithic -> Result: "lithic", "Lithic",
        "https://github.com/lithic-com/lithic-python/blob/HEAD/tests/api_resources/test_webhooks.py",
        shapes::standard_webhooks("webhook")
            .event_type("body:/event_type");
}
