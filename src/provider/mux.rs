use super::{providers, shapes::t_and_signature};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Mux-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    mux: "mux", "Mux",
        "https://github.com/muxinc/mux-node-sdk/blob/HEAD/src/resources/webhooks/webhooks.ts",
        t_and_signature("mux-signature", "v1")
            .id("body:/id")
            .event_type("body:/type");
}
