use super::providers;
use crate::verify::{Algorithm::Ed25519, Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// Ed25519 of `{ts}|{body}` in `Telnyx-Signature-Ed25519`, base64.
    ///
    /// * Secret: the public key, base64 of its 32 bytes.
    /// * Delivery id: `body:/data/id`, signed. TeXML requests, which are forms, have no id and are not
    ///   deduplicated: Telnyx continues with the TeXML of the response.
    /// * Event type: `body:/data/event_type`, signed.
    /// * Timestamp: `header:telnyx-timestamp`; 300 s into the past and 300 s into the future.
    telnyx -> Result: "telnyx", "Telnyx",
        "https://github.com/team-telnyx/telnyx-node/blob/HEAD/src/lib/webhooks.ts",
        Scheme::new(Ed25519, "telnyx-signature-ed25519", Base64)
            .key_encoding(Base64)
            .timestamp("header:telnyx-timestamp", Seconds)
            .signs("{ts}|{body}")
            .id("body:/data/id")
            .event_type("body:/data/event_type");
}
