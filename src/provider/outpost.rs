use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Hookdeck Outpost.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with an optional prefix `v0=` in `x-outpost-signature`.
    /// * Secret: the destination's secret, as text.
    /// * Delivery id: `header:x-outpost-event-id`, **not signed**.
    /// * Event type: `header:x-outpost-topic`, **not signed**.
    /// * Retries: yes.
    /// * Only the first signature in the list has the prefix. During a secret rotation, the list has a signature
    ///   for each secret.
    /// * The operator of an Outpost can change the headers and the signed content. For an Outpost in the mode
    ///   Standard Webhooks, see [`standard_webhooks`](crate::provider::standard_webhooks).
    outpost: "outpost", "Hookdeck Outpost",
        "https://github.com/hookdeck/outpost/blob/HEAD/docs/content/destinations/webhook.mdoc",
        Scheme::hmac_sha256("x-outpost-signature", Hex)
            .list(",")
            .optional_prefix("v0=")
            .id("header:x-outpost-event-id")
            .event_type("header:x-outpost-topic"),
        retries: Some(true);
}
