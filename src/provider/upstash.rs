use super::{providers, shapes::jwt};
use crate::verify::{
    Encoding::Base64Url,
    Location,
    jwt::{BodyClaim, Issuer, Presence::Always, Rules, UrlClaim},
};

providers! {
    /// JSON Web Token (HS256) with the URL and the SHA-256 of the body in `Upstash-Signature`.
    ///
    /// * Secret: the current signing key, UTF-8, and the next one.
    /// * Signed content: the token in `Upstash-Signature`, HMAC-SHA256. It contains the SHA-256 of the body, and
    ///   the URL of the request (see [`public_url`](crate::WebhookLayer::public_url)).
    /// * Delivery id: `header:upstash-message-id`, **not signed**. The token's `jti` is signed, but names the
    ///   token.
    /// * Timestamp: from the token's `nbf` to its `exp`, five minutes later.
    upstash: "upstash", "Upstash QStash",
        "https://upstash.com/docs/qstash/features/security",
        @by_hand |secrets, profile| {
            let rules = Rules {
                issuer: Issuer::Named("Upstash"),
                url: UrlClaim::Itself("sub"),
                payload: BodyClaim::Sha256("body", Base64Url, Always),
                requires: &["nbf", "exp"],
                jti_is_id: false,
                ..jwt::rules("upstash-signature")
            };
            jwt::verifier(rules, profile, secrets)
        },
        profile: |profile| jwt::profile(profile)
            .with_id(Location::header("upstash-message-id"))
            .with_id_signed(false);
}
