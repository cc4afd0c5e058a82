use std::time::Duration;

use http::header;
use serde::Deserialize;
use serde_json::json;

use super::{
    by_hand::JsonObject,
    handshake::{Handshake, UnsignedPost, json_response, short_body},
    providers,
    shapes::jwt,
};
use crate::verify::{
    Location,
    jwt::{BodyClaim, Rules, UrlClaim},
    scan,
};

providers! {
    /// Creates a verifier for monday.com.
    ///
    /// The verifier accepts webhooks that were created by an app.
    ///
    /// * Signature: JSON Web Token (HS256) in `authorization`, which does not cover the body.
    /// * Secret: the app's signing secret, as text. Webhooks that were not created by an app have no token, so
    ///   the layer rejects them.
    /// * Signed content: the token, which **does not cover the body**. Until the token expires, an attacker who
    ///   captures it can send it with any body to the URL in the token (see
    ///   [`public_url`](crate::WebhookLayer::public_url)).
    /// * Delivery id: none. Deliveries with equal bodies count as duplicates. The layer does not use
    ///   `triggerUuid` as the id, because it is not documented, and two webhooks for one change may share it.
    /// * Event type: `body:/event/type`, **not signed**.
    /// * Timestamp: the token's `exp`; tokens are valid for a few minutes.
    /// * Retries: yes, for up to 30 minutes. monday.com retries every minute
    ///   ([source](https://developer.monday.com/api-reference/docs/webhooks)).
    /// * Acknowledge within: 180 s.
    /// * Handshake: a body with only a `challenge`, which the layer echoes to any client, because webhooks of a
    ///   board send this request without a token.
    monday: "monday", "monday.com",
        "https://developer.monday.com/apps/docs/integration-authorization",
        @by_hand |secrets, profile| {
            let rules = Rules {
                url: UrlClaim::Itself("aud"),
                payload: BodyClaim::Unsigned,
                requires: &["exp"],
                jti_is_id: false,
                ..jwt::rules(header::AUTHORIZATION.as_str())
            };
            jwt::verifier(rules, profile, secrets)
        },
        profile: |profile| jwt::profile(profile)
            .with_body_signed(false)
            .with_event_type(Location::json("/event/type"))
            .with_event_type_signed(false),
        // Each body contains the time and the webhook's id.
        equal_bodies: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(30 * 60)),
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(180));
}

/// monday.com's handshake: a body `{"challenge":…}` without an event. The layer echoes the challenge.
const HANDSHAKE: Handshake = Handshake {
    unsigned_post: Some(UnsignedPost {
        has_head: |_| true,
        response: |_, body| {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Challenge {
                challenge: String,
            }
            let JsonObject(Challenge { challenge }) = serde_json::from_slice(body).ok()?;
            Some(json_response(&json!({ "challenge": challenge })))
        },
    }),
    signed: |_, body| {
        let challenge =
            scan(short_body(body)?, "/challenge").filter(|_| scan(body, "/event/type").is_none())?;
        Some(json_response(&json!({ "challenge": challenge })))
    },
    ..Handshake::NONE
};

#[cfg(test)]
mod tests {
    use http::Request;

    use super::HANDSHAKE;
    use crate::{provider::handshake::HandshakeRequest, verify::RequestContext};

    #[test]
    fn challenges_are_answered_and_events_are_not() -> Result<(), crate::InvalidSecret> {
        let secrets = ["-".parse()?];
        let head = Request::new(()).into_parts().0;
        let request = HandshakeRequest { request: RequestContext::new(&head), secrets: &secrets };
        let answer = |body: &'static str| Some((HANDSHAKE.signed)(&request, &body.into())?.into_body());
        assert_eq!(answer(r#"{"challenge":"3eZ\"b"}"#), Some(r#"{"challenge":"3eZ\"b"}"#.into()));
        for event in
            [r#"{"event":{"type":"create_item"},"challenge":"x"}"#, r#"{"event":{"challenge":"x"}}"#, ""]
        {
            assert_eq!(answer(event), None, "{event}");
        }
        Ok(())
    }
}
