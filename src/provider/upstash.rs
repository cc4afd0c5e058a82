use std::time::Duration;

use super::{providers, shapes::jwt};
use crate::verify::{
    Attempt,
    Encoding::Base64Url,
    Location,
    jwt::{BodyClaim, Issuer, Presence::Always, Rules, UrlClaim},
};

providers! {
    /// Creates a verifier for Upstash QStash.
    ///
    /// * Signature: JSON Web Token (HS256) in `upstash-signature`, with the URL and the SHA-256 of the body as
    ///   claims.
    /// * Secret: the current and the next signing key, as text.
    /// * Signed content: the token, which contains the SHA-256 of the body and the URL of the request (see
    ///   [`public_url`](crate::WebhookLayer::public_url)).
    /// * Delivery id: `header:upstash-message-id`, **not signed**. The token's `jti` is signed, but identifies
    ///   only the token.
    /// * Timestamp: the token's `nbf` and `exp`; tokens are valid for five minutes.
    /// * Retries: yes, for up to 31 hours.
    /// * Body limit: 3 MiB.
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
            .with_id_signed(false),
        attempt: Some(|| Attempt::Retries(Location::header("upstash-retried"))),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(31 * 3600)),
        body_limit: Some(3 * 1024 * 1024);
}
