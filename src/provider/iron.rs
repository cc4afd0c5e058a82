use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Iron.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}{body}`, as hex with the prefix `v1=` in `webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Signed content: `{ts}{body}`. The headers have the names of
    ///   [`standard_webhooks`](super::standard_webhooks()), but the signature differs.
    /// * Delivery id: `header:webhook-id`, **not signed**. According to Iron's documentation, the id may differ
    ///   for each attempt. Such retries are not recognized as duplicates.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    iron: "iron", "Iron",
        "https://docs.iron.xyz/reference-2026-07-01/webhooks/dispatches-an-event-notification-to-a-configured-webhook-endpoint",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .prefix("v1=")
            .timestamp("header:webhook-timestamp", Seconds)
            .signs("{ts}{body}")
            .id("header:webhook-id")
            .event_type("body:/type");
}
