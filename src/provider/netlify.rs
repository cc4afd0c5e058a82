use super::{providers, shapes::jwt};
use crate::verify::{
    Encoding::Hex,
    Location,
    jwt::{BodyClaim, Issuer, Presence::Always, Rules},
};

providers! {
    /// Netlify.
    ///
    /// * Signed: the token in `X-Webhook-Signature`, HMAC-SHA256. It has the SHA-256 of the body.
    ///   Secret: the JWS secret token, UTF-8.
    /// * Id: none.
    /// * Event type: `header:X-Netlify-Event`, **not signed**.
    netlify: "netlify", "Netlify",
        "https://docs.netlify.com/site-deploys/notifications/",
        @by_hand |secrets| {
            let rules = Rules {
                issuer: Issuer::Named("netlify"),
                payload: BodyClaim::Sha256("sha256", Hex, Always),
                jti_is_id: false,
                ..jwt::rules("x-webhook-signature")
            };
            let profile = jwt::profile("netlify")
                .with_event_type(Location::header("x-netlify-event"))
                .with_event_type_signed(false);
            jwt::verifier(rules, profile, secrets)
        };
}
