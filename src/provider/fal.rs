use std::time::Duration;

use super::providers;
use crate::verify::{
    Algorithm::Ed25519,
    Encoding::{Base64Url, Hex},
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// Creates a verifier for fal.ai.
    ///
    /// * Signature: Ed25519 signature of
    ///   `{header:x-fal-webhook-request-id}\n{header:x-fal-webhook-user-id}\n{ts}\n{sha256hex:body}`, as hex in
    ///   `x-fal-webhook-signature`.
    /// * Secret: the `x` of a JWK in fal's key set, URL-safe base64. If the set contains several keys, pass all
    ///   of them.
    /// * Signed content: the request id, the user id, the timestamp and the SHA-256 of the body as hex, each on
    ///   its own line.
    /// * Delivery id: `header:x-fal-webhook-request-id`, signed.
    /// * Event type: `body:/status`, signed.
    /// * Timestamp: `header:x-fal-webhook-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 2 hours. fal makes ten attempts.
    /// * Acknowledge within: 15 s.
    /// * [Shared secret](crate::verify::Profile::shared_secret): fal signs with one key set for all customers.
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
        retries: Some(true),
        retry_period: Some(Duration::from_secs(2 * 3600)),
        ack_deadline: Some(Duration::from_secs(15));
}
