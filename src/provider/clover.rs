use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Clover (Hosted Checkout).
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `clover-signature`.
    /// * Secret: the signing secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    clover: "clover", "Clover (Hosted Checkout)",
        "https://docs.clover.com/dev/docs/ecomm-hosted-checkout-webhook",
        t_and_signature("clover-signature", "v1")
            .event_type("body:/type");
}
