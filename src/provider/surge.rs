use super::{providers, shapes};

providers! {
    /// Creates a verifier for Surge.
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: the signing secret, as text. If the text is `whsec_` followed by base64, the layer tries both
    ///   the text and the decoded base64 as the key.
    /// * Delivery id: `body:/id`, signed. `webhook-id` identifies an attempt, not a delivery.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    /// * Retries: yes.
    /// * The layer also accepts the older header `surge-signature`, whose field `t` is the timestamp and whose
    ///   field `v1` is the HMAC of `{ts}.{body}`.
    surge: "surge", "Surge",
        "https://docs.surge.app/api-reference/webhooks/signature-validation",
        @any_of [
            shapes::standard_webhooks_raw_key("webhook").key_text_or_whsec(),
            shapes::t_and_signature("surge-signature", "v1"),
        ]
        .map(|scheme| scheme.id("body:/id").event_type("body:/type")),
        retries: Some(true);
}
