use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Elevenlabs-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. Bodies contain the time of the event, so equal ones count as duplicates.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; 1800 s into the past and 300 s into the future.
    elevenlabs: "elevenlabs", "ElevenLabs",
        "https://github.com/elevenlabs/elevenlabs-js/blob/HEAD/src/wrapper/webhooks.ts",
        Scheme::hmac_sha256("elevenlabs-signature", Hex)
            .list(",")
            .pairs("=", ["v0"])
            .timestamp("field:t", Seconds)
            .tolerance(Some(1800), 300)
            .signs("{ts}.{body}")
            .event_type("body:/type"),
        equal_bodies: true;
}
