use super::{providers, shapes};

providers! {
    /// Surge.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `Surge-Signature: t=…,v1=<hex>`, with another `v1`
    ///   while a secret is rotated. Secret: UTF-8.
    /// * Id: `body:/id`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    surge: "surge", "Surge",
        "https://docs.surge.app/api-reference/webhooks/signature-validation",
        shapes::t_and_signature("surge-signature", "v1")
            .id("body:/id")
            .event_type("body:/type");
}
