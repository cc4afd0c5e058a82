use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Creates a verifier for Polar.
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: the signing secret, as text including `whsec_`. For secrets that were generated before 8
    ///   September 2026, the text itself is the key. Since then, Polar generates secrets as in Standard
    ///   Webhooks: the key is the decoded base64 after `whsec_`
    ///   ([source](https://github.com/polarsource/polar/pull/14117)). Both kinds of secrets have the same
    ///   prefix, so the layer tries both the text and the decoded base64 as the key.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 34 minutes
    ///   ([source](https://github.com/polarsource/polar/blob/HEAD/server/polar/webhook/tasks.py)).
    /// * Acknowledge within: 10 s.
    polar: "standard-webhooks-rawkey", "Polar",
        "https://github.com/polarsource/polar/blob/HEAD/docs/integrate/webhooks/delivery.mdx",
        shapes::standard_webhooks_raw_key("webhook")
            .key_text_or_whsec()
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(34 * 60));
}
