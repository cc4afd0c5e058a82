use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Creates a verifier for Replicate.
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: base64, with or without the prefix `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/status`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 1 minute.
    replicate -> Result: "replicate", "Replicate",
        "https://github.com/replicate/replicate-javascript/blob/HEAD/index.test.ts",
        shapes::standard_webhooks("webhook")
            .event_type("body:/status"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(60)),
        lease: Some(Duration::from_secs(10));
}
