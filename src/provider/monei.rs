use super::{providers, shapes};

providers! {
    /// Creates a verifier for MONEI.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `monei-signature`.
    /// * Secret: the API key, as text.
    /// * Delivery id: none. The body is the payment: its `id` is the same for all events of the payment
    ///   ([source](https://docs.monei.com/guides/verify-signature/)).
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes.
    monei: "monei", "MONEI",
        "https://github.com/MONEI/monei-node-sdk/blob/HEAD/tests/test-utils.ts",
        shapes::t_and_signature("monei-signature", "v1")
            .event_type("body:/type"),
        retries: Some(true);
}
