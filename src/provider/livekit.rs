use std::time::Duration;

use http::header;

use super::{providers, shapes::jwt};
use crate::verify::{
    Encoding::Base64,
    Location,
    jwt::{BodyClaim, Issuer, Presence::Always, Rules},
};

providers! {
    /// Creates a verifier for LiveKit.
    ///
    /// * Signature: JSON Web Token (HS256) in `authorization`, with the SHA-256 of the body as a claim.
    /// * Secret: the API secret, as text. If the secret has a [key id](crate::Secret::with_key_id), the key id
    ///   must be the API key, and the token's `iss` must equal the key id.
    /// * Signed content: the token, which contains the SHA-256 of the body.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: the token's `exp`; the layer rejects expired tokens.
    /// * Retries: yes, for up to 15 s. By default, LiveKit retries four times, with delays of 1, 2, 4 and 8 s
    ///   ([source](https://github.com/livekit/protocol/blob/HEAD/webhook/url_notifier.go)). The
    ///   [lease](crate::WebhookLayer::lease) of claims must expire before the last retry, so it is 10 s.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhook URLs of an API key share the
    ///   secret, and each gets the event with the same id
    ///   ([source](https://github.com/livekit/livekit/blob/HEAD/pkg/telemetry/events.go)).
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
        retry_period: Some(Duration::from_secs(15)),
        lease: Some(Duration::from_secs(10));
}
