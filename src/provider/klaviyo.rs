use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::HttpDate};

providers! {
    /// Creates a verifier for Klaviyo system webhooks.
    ///
    /// * Signature: HMAC-SHA256 of `{body}{ts}`, as hex in `klaviyo-signature`.
    /// * Secret: the webhook's secret key, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. `Klaviyo-Webhook-Id` identifies
    ///   the webhook, not the delivery, and is not signed. `external_id` identifies each event of the batch.
    /// * Event type: `body:/data/0/topic`, signed.
    /// * Timestamp: `header:klaviyo-timestamp`; tolerance 300 s.
    /// * Batches: one body can carry several events.
    klaviyo: "klaviyo", "Klaviyo system webhooks",
        "https://developers.klaviyo.com/en/docs/working_with_system_webhooks",
        Scheme::hmac_sha256("klaviyo-signature", Hex)
            .timestamp("header:klaviyo-timestamp", HttpDate)
            .signs("{body}{ts}")
            .event_type("body:/data/0/topic"),
        batch: true,
        equal_bodies: true;
}
