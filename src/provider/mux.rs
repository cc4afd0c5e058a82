use super::{providers, shapes::t_and_signature};

providers! {
    /// Mux.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `Mux-Signature`. Secret: UTF-8.
    /// * Id: `body:/id`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    mux: "mux", "Mux",
        "https://github.com/muxinc/mux-node-sdk/blob/HEAD/src/resources/webhooks/webhooks.ts",
        t_and_signature("mux-signature", "v1")
            .id("body:/id")
            .event_type("body:/type");
}
