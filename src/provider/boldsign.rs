use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for BoldSign.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `x-boldsign-signature`.
    /// * Secret: the webhook's signing secret, as text. During a rotation, `s0` contains the signature of the
    ///   new secret, and `s1` that of the old one.
    /// * Delivery id: `body:/event/id`, signed.
    /// * Event type: `body:/event/eventType`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * BoldSign tests a URL with a request that has `X-BoldSign-Event: Verification`. The layer verifies its
    ///   signature like that of an event.
    boldsign: "boldsign", "BoldSign",
        "https://developers.boldsign.com/webhooks/verify-webhook-events",
        Scheme::hmac_sha256("x-boldsign-signature", Hex)
            .list(",")
            .pairs("=", ["s0", "s1"])
            .timestamp("field:t", Seconds)
            .signs("{ts}.{body}")
            .id("body:/event/id")
            .event_type("body:/event/eventType");
}
