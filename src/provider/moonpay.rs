use std::time::Duration;

use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for MoonPay.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `moonpay-signature-v2`.
    /// * Secret: the webhook API key, as text. The layer ignores the older `Moonpay-Signature`.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an account share the key.
    moonpay: "moonpay", "MoonPay",
        "https://dev.moonpay.com/api-reference/platform/webhooks/overview",
        t_and_signature("moonpay-signature-v2", "s")
            .event_type("body:/type"),
        shared_secret: true,
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(5));
}
