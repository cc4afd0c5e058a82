use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for ElevenLabs.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `elevenlabs-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. Each body contains the event's
    ///   time, so only retries have equal bodies.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 1800 s in the past and 300 s in the future.
    /// * Body limit: 25 MiB.
    elevenlabs: "elevenlabs", "ElevenLabs",
        "https://github.com/elevenlabs/elevenlabs-js/blob/HEAD/src/wrapper/webhooks.ts",
        Scheme::hmac_sha256("elevenlabs-signature", Hex)
            .list(",")
            .pairs("=", ["v0"])
            .timestamp("field:t", Seconds)
            .tolerance(Some(1800), 300)
            .signs("{ts}.{body}")
            .event_type("body:/type"),
        equal_bodies: true,
        body_limit: Some(25 * 1024 * 1024);
}
