use std::time::Duration;

use super::{SecretFormat, providers, shapes::jwt};
use crate::verify::{
    Location,
    jwt::{Algorithm::RS256, BodyClaim, KeyText, Rules},
};

providers! {
    /// Creates a verifier for Saleor.
    ///
    /// * Signature: JSON Web Signature (RS256) of the body, in `saleor-signature`.
    /// * Secret: the installation's public keys, as the JWK set of its `/.well-known/jwks.json`.
    /// * Signed content: `{body}`. The header is a JSON Web Signature with a detached payload, which is the
    ///   body.
    /// * Delivery id: none.
    /// * Event type: `header:saleor-event`, **not signed**.
    /// * Retries: yes, for up to 6 minutes.
    /// * Acknowledge within: 18 s.
    /// * Not covered: `Saleor-Domain`, `Saleor-Api-Url` and the other headers. Only the key distinguishes
    ///   installations, so use one verifier per installation.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an installation share its keys.
    saleor -> Result: "saleor", "Saleor",
        "https://github.com/saleor/app-sdk/blob/HEAD/src/auth/verify-signature.ts",
        @by_hand |secrets, profile| {
            let rules = Rules {
                algorithms: &[RS256],
                keys: KeyText::Public,
                payload: BodyClaim::Body,
                ..jwt::rules("saleor-signature")
            };
            jwt::verifier(rules, profile, secrets)
        },
        secret: Some(SecretFormat::PublicKey),
        profile: |profile| jwt::profile(profile)
            .with_event_type(Location::header("saleor-event"))
            .with_event_type_signed(false),
        shared_secret: true,
        ack_deadline: Some(Duration::from_secs(18)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(6 * 60)),
        lease: Some(Duration::from_secs(10));
}
