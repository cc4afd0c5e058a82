use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Fintoc.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `fintoc-signature`.
    /// * Secret: the webhook endpoint's secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    fintoc: "fintoc", "Fintoc",
        "https://docs.fintoc.com/docs/webhooks-validating",
        t_and_signature("fintoc-signature", "v1")
            .id("body:/id")
            .event_type("body:/type");
}
