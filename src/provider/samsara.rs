use super::providers;
use crate::verify::{
    Encoding::{Base64, Hex},
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// Creates a verifier for Samsara.
    ///
    /// * Signature: HMAC-SHA256 of `v1:{ts}:{body}`, as hex with the prefix `v1=` in `x-samsara-signature`.
    /// * Secret: the webhook's secret key, base64.
    /// * Delivery id: `body:/eventId`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * Timestamp: `header:x-samsara-timestamp`; tolerance 300 s.
    samsara -> Result: "samsara", "Samsara",
        "https://developers.samsara.com/docs/webhooks",
        Scheme::hmac_sha256("x-samsara-signature", Hex)
            .key_encoding(Base64)
            .prefix("v1=")
            .timestamp("header:x-samsara-timestamp", Seconds)
            .signs("v1:{ts}:{body}")
            .id("body:/eventId")
            .event_type("body:/eventType");
}
