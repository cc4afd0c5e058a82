use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Surge-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{ts}.{body}`, HMAC-SHA256, in `Surge-Signature: t=…,v1=<hex>`, with another `v1`
    ///   during a rotation.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    surge: "surge", "Surge",
        "https://docs.surge.app/api-reference/webhooks/signature-validation",
        shapes::t_and_signature("surge-signature", "v1")
            .id("body:/id")
            .event_type("body:/type");
}
