//! A JSON Web Token, which most often says what the body's digest is.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, header};

use super::{facts::providers, handshake::MONDAY};
use crate::{
    InvalidSecret, Secrets,
    verify::{
        Encoding::{Base64, Base64Url, Hex},
        Location, Profile, Tolerance, Verifier,
        jwt::{
            Algorithm::{self, ES256, ES384, EdDSA, HS256, HS384, HS512, RS256, RS384, RS512},
            Issuer, KeyText, Payload,
            Presence::{Always, AtWill, WithBody},
            Rules, TokenVerifier, Url,
        },
    },
};

providers! {
    /// MessageBird, now Bird (signed with a token).
    ///
    /// * Signed: the token in `MessageBird-Signature-JWT`, HMAC-SHA256, -384 or -512. It has the
    ///   SHA-256 of the URL that was called (see [`public_url`](crate::WebhookLayer::public_url)),
    ///   and of the body if there is one. Secret: the signing key, UTF-8.
    /// * Id: the token's `jti`, signed.
    /// * Timestamp: from the token's `nbf` to its `exp`, a minute later, with a second to spare.
    messagebird_jwt, try_messagebird_jwt: "messagebird-jwt", "MessageBird (JWT)",
        "https://github.com/messagebird/python-rest-api/blob/HEAD/messagebird/request_validator.py",
        @by_hand |secrets| {
            let rules = Rules {
                algorithms: &[HS256, HS384, HS512],
                issuer: Issuer::Named("MessageBird"),
                url: Url::Sha256Hex("url_hash"),
                payload: Payload::Sha256("payload_hash", Hex, WithBody),
                requires: &["nbf", "exp"],
                leeway: Duration::from_secs(1),
                ..secret("messagebird-signature-jwt")
            };
            made(rules, profile("messagebird-jwt"), secrets)
        };

    /// Vonage (signed with a token: Voice, Messages, Verify).
    ///
    /// * Signed: the token in `Authorization`, HMAC-SHA256, after `Bearer`. Secret: the account's
    ///   signature secret, UTF-8.
    /// * **The body is covered only if the token has its SHA-256, `payload_hash`.** If it has, that
    ///   must be right; Vonage sends tokens without it, too, and who has seen one of those can send
    ///   it with any body.
    /// * Id: the token's `jti`, signed: of the request and not of the event. A request that repeats it is
    ///   taken for a replay, and answered 200 without the NCCO that a call goes on with: see
    ///   [the guide](crate::guide::answers#where-the-provider-acts-on-the-answer).
    /// * Timestamp: the token's `iat`; any age, and up to 300 s into the future, since Vonage names no
    ///   limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one). An `exp` is kept to.
    vonage_jwt, try_vonage_jwt: "vonage-jwt", "Vonage (JWT)",
        "https://developer.vonage.com/en/getting-started/concepts/webhooks",
        @by_hand |secrets| {
            let rules = Rules {
                payload: Payload::Sha256("payload_hash", Hex, AtWill),
                #[cfg(feature = "test-util")]
                bearer: true,
                ..secret(header::AUTHORIZATION.as_str())
            };
            let mut profile = profile("vonage-jwt");
            profile.body_signed = false;
            made(rules, profile, secrets)
        };

    /// LiveKit.
    ///
    /// * Signed: the token in `Authorization`, HMAC-SHA256. It has the SHA-256 of the body. Secret:
    ///   the API secret, UTF-8. If it has a [key id](crate::Secret::with_key_id), that is the API
    ///   key, which the token's `iss` must then be.
    /// * Id: `body:/id`, signed.
    /// * Timestamp: until the token's `exp`.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhook URLs of an API key
    ///   sign with it, and an event has the same id at each
    ///   ([source](https://github.com/livekit/livekit/blob/HEAD/pkg/telemetry/events.go)).
    /// * Four retries, 1, 2, 4 and 8 s apart by default
    ///   ([source](https://github.com/livekit/protocol/blob/HEAD/webhook/url_notifier.go)), so a claim's
    ///   [lease](crate::WebhookLayer::lease) is 10 s.
    livekit, try_livekit: "livekit", "LiveKit",
        "https://github.com/livekit/node-sdks/blob/HEAD/packages/livekit-server-sdk/src/WebhookReceiver.ts",
        @by_hand |secrets| {
            let rules = Rules {
                issuer: Issuer::KeyId,
                payload: Payload::Sha256("sha256", Base64, Always),
                requires: &["exp"],
                jti_is_id: false,
                ..secret(header::AUTHORIZATION.as_str())
            };
            let mut profile = profile("livekit");
            profile.shared_secret = true;
            profile.id = Some(Location::json("/id"));
            profile.event_type = Some(Location::json("/event"));
            profile.retries = Some(true);
            profile.lease = Some(Duration::from_secs(10));
            made(rules, profile, secrets)
        };

    /// Upstash QStash.
    ///
    /// * Signed: the token in `Upstash-Signature`, HMAC-SHA256. It has the SHA-256 of the body, and
    ///   the URL that was called (see [`public_url`](crate::WebhookLayer::public_url)). Secret: the
    ///   current signing key, UTF-8, and beside it the next one.
    /// * Id: `header:Upstash-Message-Id`, **not signed**; the token's `jti` is, but names the token.
    /// * Timestamp: from the token's `nbf` to its `exp`, five minutes later.
    upstash, try_upstash: "upstash", "Upstash QStash",
        "https://upstash.com/docs/qstash/features/security",
        @by_hand |secrets| {
            let rules = Rules {
                issuer: Issuer::Named("Upstash"),
                url: Url::Itself("sub"),
                payload: Payload::Sha256("body", Base64Url, Always),
                requires: &["nbf", "exp"],
                jti_is_id: false,
                ..secret("upstash-signature")
            };
            let mut profile = profile("upstash");
            profile.id = Some(Location::header("upstash-message-id"));
            profile.id_signed = false;
            made(rules, profile, secrets)
        };

    /// Plaid.
    ///
    /// * Signed: the token in `Plaid-Verification`, ECDSA on P-256. It has the SHA-256 of the body.
    ///   Secret: the public key of the token's `kid`, as the JWK that
    ///   `/webhook_verification_key/get` answers; several, if there are several.
    /// * Id: none.
    /// * Timestamp: the token's `iat`; 300 s into the past and 300 s into the future.
    plaid, try_plaid: "plaid", "Plaid",
        "https://plaid.com/docs/api/webhooks/webhook-verification/",
        @by_hand |secrets| {
            let rules = Rules {
                algorithms: &[ES256],
                keys: KeyText::Public,
                payload: Payload::Sha256("request_body_sha256", Hex, Always),
                requires: &["iat"],
                jti_is_id: false,
                ..secret("plaid-verification")
            };
            let mut profile = profile("plaid");
            profile.event_type = Some(Location::json("/webhook_code"));
            profile.tolerance = Tolerance::default();
            made(rules, profile, secrets)
        };

    /// Netlify.
    ///
    /// * Signed: the token in `X-Webhook-Signature`, HMAC-SHA256. It has the SHA-256 of the body.
    ///   Secret: the JWS secret token, UTF-8.
    /// * Id: none.
    /// * Event type: `header:X-Netlify-Event`, **not signed**.
    netlify, try_netlify: "netlify", "Netlify",
        "https://docs.netlify.com/site-deploys/notifications/",
        @by_hand |secrets| {
            let rules = Rules {
                issuer: Issuer::Named("netlify"),
                payload: Payload::Sha256("sha256", Hex, Always),
                jti_is_id: false,
                ..secret("x-webhook-signature")
            };
            let mut profile = profile("netlify");
            profile.event_type = Some(Location::header("x-netlify-event"));
            profile.event_type_signed = false;
            made(rules, profile, secrets)
        };

    /// FusionAuth.
    ///
    /// * Signed: the token in `X-FusionAuth-Signature-JWT`, with the key that was chosen for the
    ///   webhook: RSA, ECDSA, Ed25519 or HMAC. It has the SHA-256 of the body. Secret: the public key
    ///   as PEM, as a JWK, or as the set of `/.well-known/jwks.json`; any other text is a key for
    ///   HMAC, UTF-8. What is signed with a key of one kind is never verified with one of another.
    /// * Id: `body:/event/id`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can have one key, and
    ///   an event has the same id at each.
    fusionauth, try_fusionauth: "fusionauth", "FusionAuth",
        "https://fusionauth.io/docs/extend/events-and-webhooks/signing",
        @by_hand |secrets| {
            const ALGORITHMS: &[Algorithm] =
                &[HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, EdDSA];
            let rules = Rules {
                algorithms: ALGORITHMS,
                keys: KeyText::Either,
                payload: Payload::Sha256("request_body_sha256", Base64, Always),
                jti_is_id: false,
                ..secret("x-fusionauth-signature-jwt")
            };
            let mut profile = profile("fusionauth");
            profile.shared_secret = true;
            profile.id = Some(Location::json("/event/id"));
            profile.event_type = Some(Location::json("/event/type"));
            made(rules, profile, secrets)
        };

    /// monday.com (the webhooks of an app's).
    ///
    /// * Signed: the token in `Authorization`, HMAC-SHA256, and **nothing of the body**: who has seen
    ///   a token can send it with any body until it has expired, to the URL that it names (see
    ///   [`public_url`](crate::WebhookLayer::public_url)). Secret: the app's signing secret, UTF-8.
    ///   Webhooks that were not made by an app have no token, and are refused.
    /// * Id: none; equal bodies are one delivery. monday.com does not say what `triggerUuid` names:
    ///   two webhooks of one change may share it.
    /// * Event type: `body:/event/type`, **not signed**.
    /// * Timestamp: until the token's `exp`, some minutes later.
    /// * A retry every minute for half an hour ([source](https://developer.monday.com/api-reference/docs/webhooks)).
    /// * Handshake: `{"challenge":…}` with a right token is said back.
    monday, try_monday: "monday", "monday.com",
        "https://developer.monday.com/apps/docs/integration-authorization",
        @by_hand |secrets| {
            let rules = Rules {
                url: Url::Itself("aud"),
                payload: Payload::Unsigned,
                requires: &["exp"],
                jti_is_id: false,
                ..secret(header::AUTHORIZATION.as_str())
            };
            let mut profile = profile("monday");
            // They have the time, and the webhook.
            profile.equal_bodies = true;
            profile.body_signed = false;
            profile.event_type = Some(Location::json("/event/type"));
            profile.event_type_signed = false;
            profile.retries = Some(true);
            made(rules, profile, secrets)
        },
        handshake: Some(MONDAY);

    /// Saleor.
    ///
    /// * Signed: `{body}`, RSA with SHA-256, in `Saleor-Signature`, as a token whose payload is left
    ///   out and is the body. Secret: the key set of the installation's `/.well-known/jwks.json`.
    /// * Id: none.
    /// * Event type: `header:Saleor-Event`, **not signed**.
    /// * Not covered: `Saleor-Domain`, `Saleor-Api-Url` and the other headers. The key tells installations
    ///   apart: use one layer, or one verifier, for each.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an
    ///   installation sign with its keys.
    saleor, try_saleor: "saleor", "Saleor",
        "https://github.com/saleor/app-sdk/blob/HEAD/src/auth/verify-signature.ts",
        @by_hand |secrets| {
            let rules = Rules {
                algorithms: &[RS256],
                keys: KeyText::Public,
                payload: Payload::Body,
                ..secret("saleor-signature")
            };
            let mut profile = profile("saleor");
            profile.shared_secret = true;
            profile.event_type = Some(Location::header("saleor-event"));
            profile.event_type_signed = false;
            made(rules, profile, secrets)
        };
}

/// What most have in common: HMAC-SHA256 with a secret, and `jti` as the id.
fn secret(name: &'static str) -> Rules {
    Rules {
        header: HeaderName::from_static(name),
        algorithms: &[HS256],
        keys: KeyText::Secret,
        issuer: Issuer::Anybody,
        url: Url::No,
        payload: Payload::Body,
        requires: &[],
        leeway: Duration::ZERO,
        jti_is_id: true,
        #[cfg(feature = "test-util")]
        bearer: false,
    }
}

/// A profile for tokens that have their times in them.
fn profile(id: &'static str) -> Profile {
    let mut profile = Profile::new(id);
    profile.tolerance = Tolerance::ANY_AGE;
    profile
}

fn made(rules: Rules, profile: Profile, secrets: Secrets) -> Result<Arc<dyn Verifier>, InvalidSecret> {
    Ok(Arc::new(TokenVerifier::new(rules, profile, &secrets)?))
}
