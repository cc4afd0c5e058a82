use super::{providers, shapes::jwt};
use crate::verify::{
    Encoding::Base64,
    Location,
    jwt::{
        Algorithm::{self, ES256, ES384, EdDSA, HS256, HS384, HS512, RS256, RS384, RS512},
        BodyClaim, KeyText,
        Presence::Always,
        Rules,
    },
};

providers! {
    /// Creates a verifier for FusionAuth.
    ///
    /// * Signature: JSON Web Token in `x-fusionauth-signature-jwt`, with the SHA-256 of the body as a claim.
    /// * Secret: the public key as PEM, as a JWK, or as the set of `/.well-known/jwks.json`. Any other text is
    ///   an HMAC key. To ensure that a public key is never used as an HMAC key, the constructor refuses URLs,
    ///   public keys in another form (DER, base64, a list of JWKs) and [bytes](crate::Secret::from_bytes). All
    ///   secrets must be of the same kind.
    /// * Signed content: the token, which contains the SHA-256 of the body. The webhook's key determines the
    ///   algorithm: RSA, ECDSA, Ed25519 or HMAC.
    /// * Delivery id: `body:/event/id`, signed.
    /// * Event type: `body:/event/type`, signed.
    /// * Retries: yes.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can share a key, and each gets the
    ///   event with the same id.
    fusionauth -> Result: "fusionauth", "FusionAuth",
        "https://fusionauth.io/docs/extend/events-and-webhooks/signing",
        @by_hand |secrets, profile| {
            const ALGORITHMS: &[Algorithm] =
                &[HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, EdDSA];
            let rules = Rules {
                algorithms: ALGORITHMS,
                keys: KeyText::Either,
                payload: BodyClaim::Sha256("request_body_sha256", Base64, Always),
                jti_is_id: false,
                ..jwt::rules("x-fusionauth-signature-jwt")
            };
            jwt::verifier(rules, profile, secrets)
        },
        profile: |profile| jwt::profile(profile)
            .with_id(Location::json("/event/id"))
            .with_event_type(Location::json("/event/type")),
        shared_secret: true,
        retries: Some(true);
}
