use super::{providers, shapes};
#[cfg(feature = "asymmetric")]
use crate::verify::{Algorithm::Ed25519, Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Standard Webhooks (v1).
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: base64, with or without the prefix `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    standard_webhooks -> Result: "standard-webhooks", "Standard Webhooks (v1)",
        "https://github.com/standard-webhooks/standard-webhooks/blob/HEAD/spec/standard-webhooks.md",
        shapes::standard_webhooks("webhook")
            .event_type("body:/type");

    /// Creates a verifier for Standard Webhooks (v1a).
    ///
    /// The verifier accepts asymmetric signatures (version v1a).
    ///
    /// * Signature: Ed25519 signature of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: the public key, 32 bytes as base64, with or without the prefix `whpk_`. The layer ignores v1
    ///   signatures.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    #[cfg(feature = "asymmetric")]
    standard_webhooks_v1a -> Result: "standard-webhooks-v1a", "Standard Webhooks (v1a)",
        "https://github.com/standard-webhooks/standard-webhooks/blob/HEAD/spec/standard-webhooks.md",
        Scheme::new(Ed25519, "webhook-signature", Base64)
            .key_prefix("whpk_")
            .key_encoding(Base64)
            .list(" ")
            .pairs(",", ["v1a"])
            .timestamp("header:webhook-timestamp", Seconds)
            .signs("{header:webhook-id}.{ts}.{body}")
            .id("header:webhook-id")
            .event_type("body:/type");
}
