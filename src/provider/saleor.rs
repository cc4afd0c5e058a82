use super::{SecretFormat, providers, shapes::jwt};
use crate::verify::{
    Location,
    jwt::{Algorithm::RS256, BodyClaim, KeyText, Rules},
};

providers! {
    /// JSON Web Signature (RS256) of the body in `Saleor-Signature`.
    ///
    /// * Secret: the key set of the installation's `/.well-known/jwks.json`.
    /// * Signed content: `{body}`, RSA with SHA-256, in `Saleor-Signature`, as a token whose payload is left out
    ///   and is the body.
    /// * Delivery id: none.
    /// * Event type: `header:saleor-event`, **not signed**.
    /// * Not covered: `Saleor-Domain`, `Saleor-Api-Url` and the other headers. The key distinguishes
    ///   installations: use one layer or verifier for each.
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
        shared_secret: true;
}
