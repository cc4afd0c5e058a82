use std::time::Duration;

use super::providers;
use crate::verify::{
    Algorithm::RsaSha512,
    Encoding::{Base64, Base64Url},
    Scheme,
};

providers! {
    /// Creates a verifier for Fireblocks.
    ///
    /// * Signature: RSA-SHA512 signature of the body, as base64 in `fireblocks-signature`.
    /// * Secret: the public key that Fireblocks publishes for the environment, as PEM or as base64 of its DER.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * Retries: yes, for up to 8 hours.
    /// * [Shared secret](crate::verify::Profile::shared_secret): Fireblocks signs with one key for all
    ///   customers, and each webhook gets the event with the same id.
    fireblocks -> Result: "fireblocks", "Fireblocks",
        "https://developers.fireblocks.com/reference/webhooks-gettingstarted-validatingevents",
        Scheme::new(RsaSha512, "fireblocks-signature", Base64)
            .key_encoding(Base64)
            .id("body:/id")
            .event_type("body:/eventType"),
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(8 * 3600));

    /// Creates a verifier for Fireblocks (v2).
    ///
    /// * Signature: RSA-SHA512 signature of `{item:0}.{base64url:body}`, as URL-safe base64 in
    ///   `fireblocks-webhook-signature`.
    /// * Secret: the public key of the environment, as PEM. Fireblocks publishes its keys as a JSON Web Key Set,
    ///   and rotates them. During a rotation, configure all of them, or use
    ///   [`fireblocks_jwks`](super::fireblocks_jwks()), which fetches the keys.
    /// * Signed content: `{header}.{base64url of the body}`, where the header is the first part of the
    ///   signature. The layer ignores the header's `alg`, and verifies every signature as RS512.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * Retries: yes, for up to 8 hours.
    /// * [Shared secret](crate::verify::Profile::shared_secret): Fireblocks signs with one key for all
    ///   customers, and each webhook gets the event with the same id.
    fireblocks_v2 -> Result: "fireblocks-v2", "Fireblocks (v2)",
        "https://developers.fireblocks.com/reference/validating-webhooks",
        Scheme::new(RsaSha512, "fireblocks-webhook-signature", Base64Url)
            .list(".")
            .signs("{item:0}.{base64url:body}")
            .id("body:/id")
            .event_type("body:/eventType"),
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(8 * 3600));
}
