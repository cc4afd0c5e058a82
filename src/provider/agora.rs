use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Agora.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `agora-signature-v2`.
    /// * Secret: the secret of the notifications, as text. The layer ignores `Agora-Signature`, which is an
    ///   HMAC-SHA1.
    /// * Delivery id: `body:/noticeId`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * Acknowledge within: 10 s.
    agora: "agora", "Agora",
        "https://docs.agora.io/en/broadcast-streaming/reference/signature-verification",
        Scheme::hmac_sha256("agora-signature-v2", Hex)
            .id("body:/noticeId")
            .event_type("body:/eventType"),
        ack_deadline: Some(Duration::from_secs(10));
}
