use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for PandaDoc.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in the query parameter `signature`.
    /// * Secret: the webhook's shared key, as text.
    /// * Delivery id: `header:x-pandadoc-webhook-event-id`, **not signed**
    ///   ([source](https://developers.pandadoc.com/docs/webhook-deduplication)).
    /// * Event type: `body:/0/event`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 20 s.
    /// * Batches: one body can carry several events. The event type is the type of the first event
    ///   ([source](https://developers.pandadoc.com/docs/webhooks)).
    pandadoc: "pandadoc", "PandaDoc",
        "https://developers.pandadoc.com/docs/webhook-verification",
        Scheme::hmac_sha256("signature", Hex)
            .signature_in(["query:signature"])
            .id("header:x-pandadoc-webhook-event-id")
            .event_type("body:/0/event"),
        batch: true,
        ack_deadline: Some(Duration::from_secs(20)),
        retries: Some(true);
}
