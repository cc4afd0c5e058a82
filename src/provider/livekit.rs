use std::time::Duration;

use http::header;

use super::{providers, shapes::jwt};
use crate::verify::{
    Encoding::Base64,
    Location,
    jwt::{BodyClaim, Issuer, Presence::Always, Rules},
};

providers! {
    /// JSON Web Token (HS256) with the SHA-256 of the body in `Authorization`.
    ///
    /// * Secret: the API secret, UTF-8. Its [key id](crate::Secret::with_key_id), if set, is the API key, which
    ///   must then equal the token's `iss`.
    /// * Signed content: the token in `Authorization`, HMAC-SHA256. It contains the SHA-256 of the body.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: until the token's `exp`.
    /// * Retries: yes.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhook URLs of an API key share it, and an
    ///   event has the same id for each
    ///   ([source](https://github.com/livekit/livekit/blob/HEAD/pkg/telemetry/events.go)).
    /// * Four retries, 1, 2, 4 and 8 s apart by default
    ///   ([source](https://github.com/livekit/protocol/blob/HEAD/webhook/url_notifier.go)), so the
    ///   [lease](crate::WebhookLayer::lease) of claims is 10 s.
    livekit: "livekit", "LiveKit",
        "https://github.com/livekit/node-sdks/blob/HEAD/packages/livekit-server-sdk/src/WebhookReceiver.ts",
        @by_hand |secrets, profile| {
            let rules = Rules {
                issuer: Issuer::KeyId,
                payload: BodyClaim::Sha256("sha256", Base64, Always),
                requires: &["exp"],
                jti_is_id: false,
                ..jwt::rules(header::AUTHORIZATION.as_str())
            };
            jwt::verifier(rules, profile, secrets)
        },
        profile: |profile| jwt::profile(profile)
            .with_id(Location::json("/id"))
            .with_event_type(Location::json("/event")),
        shared_secret: true,
        retries: Some(true),
        lease: Some(Duration::from_secs(10));
}
