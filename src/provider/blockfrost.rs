use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Blockfrost.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `blockfrost-signature`.
    /// * Secret: the webhook's authentication token, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    blockfrost: "blockfrost", "Blockfrost",
        "https://blockfrost.dev/start-building/webhooks/webhooks-signatures",
        t_and_signature("blockfrost-signature", "v1")
            .id("body:/id")
            .event_type("body:/type");
}
