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
    /// JSON Web Token with the SHA-256 of the body in `X-FusionAuth-Signature-JWT`.
    ///
    /// * Secret: the public key as PEM, as a JWK, or as the set of `/.well-known/jwks.json`; any other text is a
    ///   key for HMAC, UTF-8. What is signed with a key of one kind is never verified with one of another. A
    ///   public key in another form (DER, base64, a list of JWKs, [bytes](crate::Secret::from_bytes)) is an
    ///   error, and so is a URL.
    /// * Signed content: the token in `X-FusionAuth-Signature-JWT`, with the key that was chosen for the
    ///   webhook: RSA, ECDSA, Ed25519 or HMAC. It contains the SHA-256 of the body.
    /// * Delivery id: `body:/event/id`, signed.
    /// * Event type: `body:/event/type`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can have one key, and an event has the
    ///   same id at each.
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
        shared_secret: true;
}
