use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Mux.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `mux-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    mux: "mux", "Mux",
        "https://github.com/muxinc/mux-node-sdk/blob/HEAD/src/resources/webhooks/webhooks.ts",
        t_and_signature("mux-signature", "v1")
            .id("body:/id")
            .event_type("body:/type");
}
