use std::time::Duration;

use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Mux.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `mux-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 1 day ([source](https://docs.mux.com/docs/webhooks)).
    /// * Acknowledge within: 5 s.
    mux: "mux", "Mux",
        "https://github.com/muxinc/mux-node-sdk/blob/HEAD/src/resources/webhooks/webhooks.ts",
        t_and_signature("mux-signature", "v1")
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600));
}
