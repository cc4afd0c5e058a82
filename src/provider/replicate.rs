use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}` in `Webhook-Signature`, base64.
    ///
    /// * Secret: base64 after optional `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/status`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    replicate -> Result: "replicate", "Replicate",
        "https://github.com/replicate/replicate-javascript/blob/HEAD/index.test.ts",
        shapes::standard_webhooks("webhook")
            .event_type("body:/status");
}
