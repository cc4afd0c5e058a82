use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Monei-Signature`, hex.
    ///
    /// * Secret: API key.
    /// * Delivery id: none. The body is the payment, whose `id` is the same for all of its events
    ///   ([source](https://docs.monei.com/guides/verify-signature/)).
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    monei: "monei", "MONEI",
        "https://github.com/MONEI/monei-node-sdk/blob/HEAD/tests/test-utils.ts",
        shapes::t_and_signature("monei-signature", "v1")
            .event_type("body:/type");
}
