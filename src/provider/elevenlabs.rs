use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// ElevenLabs.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `ElevenLabs-Signature`. Secret: UTF-8.
    /// * Id: none. Bodies have the time of the event in them: equal ones are one delivery.
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
