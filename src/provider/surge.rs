use super::{providers, shapes};

providers! {
    /// Creates a verifier for Surge.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `surge-signature`.
    /// * Secret: text, not decoded.
    /// * Signed content: `{ts}.{body}`. During a secret rotation, the header has a second `v1`.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    surge: "surge", "Surge",
        "https://docs.surge.app/api-reference/webhooks/signature-validation",
        shapes::t_and_signature("surge-signature", "v1")
            .id("body:/id")
            .event_type("body:/type");
}
