use super::{providers, shapes};

providers! {
    /// Replicate.
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    replicate -> Result: "replicate", "Replicate",
        "https://github.com/replicate/replicate-javascript/blob/HEAD/index.test.ts",
        shapes::standard_webhooks("webhook")
            .event_type("body:/status");
}
