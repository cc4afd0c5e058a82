use super::{providers, shapes};

providers! {
    /// Creates a verifier for Lithic.
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: base64, with or without the prefix `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    lithic -> Result: "lithic", "Lithic",
        "https://github.com/lithic-com/lithic-python/blob/HEAD/tests/api_resources/test_webhooks.py",
        shapes::standard_webhooks("webhook")
            .event_type("body:/event_type");
}
