use super::{providers, shapes};

providers! {
    /// Anthropic (managed agents).
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    anthropic -> Result: "anthropic", "Anthropic (managed agents)",
        "https://github.com/anthropics/anthropic-sdk-python/blob/HEAD/src/anthropic/resources/beta/webhooks.py",
        shapes::standard_webhooks("webhook")
            .event_type("body:/type");
}
