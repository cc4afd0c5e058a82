use std::time::Duration;

use super::{SecretFormat, providers, shapes::jwt};
use crate::verify::{
    Encoding::Hex,
    Location,
    jwt::{Algorithm::ES256, BodyClaim, KeyText, Presence::Always, Rules},
};

providers! {
    /// Creates a verifier for Plaid.
    ///
    /// * Signature: JSON Web Token (ES256) in `plaid-verification`, with the SHA-256 of the body as a claim.
    /// * Secret: the public key that the token's `kid` names, as the JWK that `/webhook_verification_key/get`
    ///   returns. Pass several keys during a key rotation.
    /// * Signed content: the token, which contains the SHA-256 of the body.
    /// * Delivery id: none.
    /// * Event type: `body:/webhook_code`, signed.
    /// * Timestamp: the token's `iat`; tolerance 300 s.
    /// * Retries: yes, for up to 1 day ([source](https://plaid.com/docs/api/webhooks/#webhook-retries)).
    /// * Acknowledge within: 10 s.
    plaid -> Result: "plaid", "Plaid",
        "https://plaid.com/docs/api/webhooks/webhook-verification/",
        @by_hand |secrets, profile| {
            let rules = Rules {
                algorithms: &[ES256],
                keys: KeyText::Public,
                payload: BodyClaim::Sha256("request_body_sha256", Hex, Always),
                requires: &["iat"],
                jti_is_id: false,
                ..jwt::rules("plaid-verification")
            };
            jwt::verifier(rules, profile, secrets)
        },
        secret: Some(SecretFormat::PublicKey),
        profile: |profile| profile.with_event_type(Location::json("/webhook_code")),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600));
}
