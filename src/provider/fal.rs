use super::providers;
use crate::verify::{
    Algorithm::Ed25519,
    Encoding::{Base64Url, Hex},
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// Ed25519 of `{header:x-fal-webhook-request-id}\n{header:x-fal-webhook-user-id}\n{ts}\n{sha256hex:body}` in
    /// `X-Fal-Webhook-Signature`, hex.
    ///
    /// * Secret: a public key of its key set, the `x` of the JWK; several, if the set has several.
    /// * Signed content: request id, user id, timestamp and the body's SHA-256 in hex, a line each, Ed25519, in
    ///   `X-Fal-Webhook-Signature`.
    /// * Delivery id: `header:x-fal-webhook-request-id`, signed.
    /// * Event type: `body:/status`, signed.
    /// * Timestamp: `header:x-fal-webhook-timestamp`; 300 s into the past and 300 s into the future.
    /// * Retries: yes.
    /// * Ten attempts over two hours.
    /// * [Shared secret](crate::verify::Profile::shared_secret): one key set signs for all customers.
    fal -> Result: "fal", "fal.ai",
        "https://docs.fal.ai/model-apis/model-endpoints/webhooks",
        Scheme::new(Ed25519, "x-fal-webhook-signature", Hex)
            .key_encoding(Base64Url)
            .timestamp("header:x-fal-webhook-timestamp", Seconds)
            .signs(
                "{header:x-fal-webhook-request-id}\n{header:x-fal-webhook-user-id}\n{ts}\n{sha256hex:body}",
            )
            .id("header:x-fal-webhook-request-id")
            .event_type("body:/status"),
        shared_secret: true,
        retries: Some(true);
}
