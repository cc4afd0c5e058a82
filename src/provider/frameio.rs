use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Frame.io.
    ///
    /// The verifier accepts webhooks and custom actions.
    ///
    /// * Signature: HMAC-SHA256 of `v0:{ts}:{body}`, as hex with the prefix `v0=` in `x-frameio-signature`.
    /// * Secret: the signing secret of the webhook or the custom action, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-frameio-request-timestamp`; tolerance 300 s.
    frameio: "frameio", "Frame.io",
        "https://developer.frame.io/platform/docs/guides/webhooks",
        Scheme::hmac_sha256("x-frameio-signature", Hex)
            .prefix("v0=")
            .timestamp("header:x-frameio-request-timestamp", Seconds)
            .signs("v0:{ts}:{body}")
            .event_type("body:/type");
}
