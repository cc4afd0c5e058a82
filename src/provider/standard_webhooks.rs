use super::{providers, shapes};
#[cfg(feature = "asymmetric")]
use crate::verify::{Algorithm::Ed25519, Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}` in `Webhook-Signature`, base64.
    ///
    /// * Secret: base64 after optional `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    standard_webhooks -> Result: "standard-webhooks", "Standard Webhooks (v1)",
        "https://github.com/standard-webhooks/standard-webhooks/blob/HEAD/spec/standard-webhooks.md",
        shapes::standard_webhooks("webhook")
            .event_type("body:/type");

    /// Ed25519 of `{header:webhook-id}.{ts}.{body}` in `Webhook-Signature`, base64.
    ///
    /// Standard Webhooks (v1a): the asymmetric signatures.
    ///
    /// * Secret: the public key, base64 of its 32 bytes after `whpk_`. Additional v1 signatures are ignored.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
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
