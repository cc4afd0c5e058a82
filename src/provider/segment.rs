use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Segment.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex in `x-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/messageId`, signed. This id identifies the event, and is the same for every mapping
    ///   that sends the event.
    /// * Event type: `body:/type`, signed.
    /// * Batches: one body can carry several events.
    /// * A mapping with batching sends a JSON array. Such a delivery has no id and no event type.
    /// * [Shared secret](crate::verify::Profile::shared_secret): mappings can share a secret, and each sends the
    ///   event with the same id.
    segment: "segment", "Segment",
        "https://github.com/segmentio/segment-docs/blob/HEAD/src/connections/destinations/catalog/actions-webhook/index.md",
        Scheme::new(HmacSha1, "x-signature", Hex)
            .id("body:/messageId")
            .event_type("body:/type"),
        batch: true,
        shared_secret: true;
}
