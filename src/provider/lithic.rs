use super::{providers, shapes};

providers! {
    /// Lithic.
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    lithic -> Result: "lithic", "Lithic",
        "https://github.com/lithic-com/lithic-python/blob/HEAD/tests/api_resources/test_webhooks.py",
        shapes::standard_webhooks("webhook")
            .event_type("body:/event_type");
}
