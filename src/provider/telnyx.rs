use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::Ed25519, Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Telnyx.
    ///
    /// * Signature: Ed25519 signature of `{ts}|{body}`, as base64 in `telnyx-signature-ed25519`.
    /// * Secret: the public key, 32 bytes as base64.
    /// * Delivery id: `body:/data/id`, signed. TeXML requests are forms without an id. The layer does not
    ///   deduplicate them, because Telnyx executes the TeXML in the response, and the response to a duplicate
    ///   would be empty.
    /// * Event type: `body:/data/event_type`, signed.
    /// * Timestamp: `header:telnyx-timestamp`; tolerance 300 s.
    /// * Retries: yes.
    /// * Acknowledge within: 2 s.
    telnyx -> Result: "telnyx", "Telnyx",
        "https://github.com/team-telnyx/telnyx-node/blob/HEAD/src/lib/webhooks.ts",
        Scheme::new(Ed25519, "telnyx-signature-ed25519", Base64)
            .key_encoding(Base64)
            .timestamp("header:telnyx-timestamp", Seconds)
            .signs("{ts}|{body}")
            .id("body:/data/id")
            .event_type("body:/data/event_type"),
        ack_deadline: Some(Duration::from_secs(2)),
        retries: Some(true);
}
