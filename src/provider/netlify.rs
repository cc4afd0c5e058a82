use super::{providers, shapes::jwt};
use crate::verify::{
    Encoding::Hex,
    Location,
    jwt::{BodyClaim, Issuer, Presence::Always, Rules},
};

providers! {
    /// Creates a verifier for Netlify.
    ///
    /// * Signature: JSON Web Token (HS256) in `x-webhook-signature`, with the SHA-256 of the body as a claim.
    /// * Secret: the JWS secret token, as text.
    /// * Signed content: the token, which contains the SHA-256 of the body.
    /// * Delivery id: none.
    /// * Event type: `header:x-netlify-event`, **not signed**.
    netlify: "netlify", "Netlify",
        "https://docs.netlify.com/site-deploys/notifications/",
        @by_hand |secrets, profile| {
            let rules = Rules {
                issuer: Issuer::Named("netlify"),
                payload: BodyClaim::Sha256("sha256", Hex, Always),
                jti_is_id: false,
                ..jwt::rules("x-webhook-signature")
            };
            jwt::verifier(rules, profile, secrets)
        },
        profile: |profile| jwt::profile(profile)
            .with_event_type(Location::header("x-netlify-event"))
            .with_event_type_signed(false);
}
