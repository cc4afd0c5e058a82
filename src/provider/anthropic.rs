use super::{providers, shapes};

providers! {
    /// Creates a verifier for Anthropic (managed agents).
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: base64, with or without the prefix `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/data/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    anthropic -> Result: "anthropic", "Anthropic (managed agents)",
        "https://github.com/anthropics/anthropic-sdk-python/blob/HEAD/src/anthropic/resources/beta/webhooks.py",
        shapes::standard_webhooks("webhook")
            .event_type("body:/data/type");
}
