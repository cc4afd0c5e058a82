use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{ts}{body}` in `Webhook-Signature`, hex after `v1=`.
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{ts}{body}`, HMAC-SHA256, in `webhook-signature: v1=<hex>`: the headers are named as
    ///   those of [`standard_webhooks`](super::standard_webhooks()), but with another signature.
    /// * Delivery id: `header:webhook-id`, **not signed**. It may name a single attempt, according to Iron's
    ///   documentation, so that a retry has another id.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    iron: "iron", "Iron",
        "https://docs.iron.xyz/reference-2026-07-01/webhooks/dispatches-an-event-notification-to-a-configured-webhook-endpoint",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .prefix("v1=")
            .timestamp("header:webhook-timestamp", Seconds)
            .signs("{ts}{body}")
            .id("header:webhook-id");
}
