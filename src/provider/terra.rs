use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Terra.
    ///
    /// The verifier accepts webhooks of the health and fitness API.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `terra-signature`.
    /// * Secret: the destination's signing secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes.
    terra: "terra", "Terra",
        "https://docs.tryterra.co/destinations/webhooks",
        t_and_signature("terra-signature", "v1")
            .event_type("body:/type"),
        retries: Some(true);
}
