use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Creates a verifier for Svix.
    ///
    /// * Signature: HMAC-SHA256 of `{header:svix-id}.{ts}.{body}`, as base64 in `svix-signature`.
    /// * Secret: base64, with or without the prefix `whsec_`.
    /// * Delivery id: `header:svix-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:svix-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 28 hours.
    /// * Acknowledge within: 15 s.
    /// * Some servers send the headers of [Standard Webhooks](super::standard_webhooks()) instead: `webhook-id`,
    ///   `webhook-timestamp` and `webhook-signature`
    ///   ([source](https://github.com/svix/svix-webhooks/blob/HEAD/rust/src/webhooks.rs)). The layer accepts
    ///   either.
    svix -> Result: "svix", "Svix",
        "https://docs.svix.com/receiving/verifying-payloads/how-manual",
        @any_of [shapes::standard_webhooks("svix"), shapes::standard_webhooks("webhook")]
            .map(|scheme| scheme.event_type("body:/type")),
        ack_deadline: Some(Duration::from_secs(15)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(28 * 3600));
}
