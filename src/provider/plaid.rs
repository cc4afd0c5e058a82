use super::{SecretFormat, providers, shapes::jwt};
use crate::verify::{
    Encoding::Hex,
    Location,
    jwt::{Algorithm::ES256, BodyClaim, KeyText, Presence::Always, Rules},
};

providers! {
    /// JSON Web Token (ES256) with the SHA-256 of the body in `Plaid-Verification`.
    ///
    /// * Secret: the public key of the token's `kid`, as the JWK that `/webhook_verification_key/get` answers;
    ///   several keys, if applicable.
    /// * Signed content: the token in `Plaid-Verification`, ECDSA on P-256. It contains the SHA-256 of the body.
    /// * Delivery id: none.
    /// * Event type: `body:/webhook_code`, signed.
    /// * Timestamp: the token's `iat`; 300 s into the past and 300 s into the future.
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
        profile: |profile| profile.with_event_type(Location::json("/webhook_code"));
}
