use std::time::Duration;

use super::{providers, shapes::t_and_signature};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Qonto.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `x-qonto-signature`.
    /// * Secret: the secret of the webhook subscription, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes.
    /// * Acknowledge within: 1 s.
    qonto: "qonto", "Qonto",
        "https://docs.qonto.com/api-reference/business-api/webhooks/overview",
        t_and_signature("x-qonto-signature", "v1")
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(1)),
        retries: Some(true);

    /// Creates a verifier for Qonto (onboarding).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `qonto-sha256-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/event_type`, signed.
    qonto_onboarding: "qonto-onboarding", "Qonto (onboarding)",
        "https://docs.qonto.com/api-reference/onboarding-api/webhooks",
        Scheme::hmac_sha256("qonto-sha256-signature", Hex)
            .id("body:/id")
            .event_type("body:/event_type");
}
