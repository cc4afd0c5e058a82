use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Segment.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Signature`. Secret: UTF-8.
    /// * Id: `body:/messageId`, signed: the event's, and the same for each mapping that sends it.
    /// * [Shared secret](crate::verify::Profile::shared_secret): mappings can have one secret.
    segment: "segment", "Segment",
        "https://github.com/segmentio/segment-docs/blob/HEAD/src/connections/destinations/catalog/actions-webhook/index.md",
        Scheme::new(HmacSha1, "x-signature", Hex)
            .id("body:/messageId")
            .event_type("body:/type"),
        shared_secret: true;
}
