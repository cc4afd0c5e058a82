use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Shippo.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `shippo-auth-signature`.
    /// * Secret: the HMAC secret, as text. Shippo signs webhooks only for accounts for which Shippo has enabled
    ///   HMAC.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    shippo: "shippo", "Shippo",
        "https://docs.goshippo.com/docs/tracking/webhooksecurity",
        t_and_signature("shippo-auth-signature", "v1")
            .event_type("body:/event");
}
