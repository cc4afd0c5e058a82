use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA1 of the body in `X-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/messageId`, signed. It names the event, and is the same for each mapping that sends
    ///   it.
    /// * Event type: `body:/type`, signed.
    /// * A mapping that batches its events sends an array, which has neither an id nor an event type.
    /// * [Shared secret](crate::verify::Profile::shared_secret): mappings can share a secret.
    segment: "segment", "Segment",
        "https://github.com/segmentio/segment-docs/blob/HEAD/src/connections/destinations/catalog/actions-webhook/index.md",
        Scheme::new(HmacSha1, "x-signature", Hex)
            .id("body:/messageId")
            .event_type("body:/type"),
        shared_secret: true;
}
