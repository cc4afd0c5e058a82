use http::header;
use serde_json::json;

use super::{
    handshake::{Handshake, json_response, short_body},
    providers,
    shapes::jwt,
};
use crate::verify::{
    Location,
    jwt::{BodyClaim, Rules, UrlClaim},
    scan,
};

providers! {
    /// JSON Web Token (HS256) in `Authorization`, which does not cover the body.
    ///
    /// monday.com (webhooks of an app).
    ///
    /// * Secret: the app's signing secret, UTF-8. Webhooks that an app did not create have no token, and are
    ///   rejected.
    /// * Signed content: the token in `Authorization`, HMAC-SHA256, which **does not cover the body**: an
    ///   attacker who captures a token can send it with any body until it expires, to the URL in the token (see
    ///   [`public_url`](crate::WebhookLayer::public_url)).
    /// * Delivery id: none; equal bodies count as duplicates. The meaning of `triggerUuid` is not documented:
    ///   two webhooks of one change may share it.
    /// * Event type: `body:/event/type`, **not signed**.
    /// * Timestamp: until the token's `exp`, some minutes later.
    /// * Retries: yes.
    /// * Handshake: `{"challenge":…}` with a right token is said back.
    /// * A retry every minute for half an hour
    ///   ([source](https://developer.monday.com/api-reference/docs/webhooks)).
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
        // Bodies have the time and the webhook in them.
        equal_bodies: true,
        retries: Some(true),
        handshake: Some(HANDSHAKE);
}

/// monday.com: `{"challenge":…}` without an event, echoed unchanged.
const HANDSHAKE: Handshake = Handshake {
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
    fn monday_is_told_its_challenge_and_sends_events_besides() -> Result<(), crate::InvalidSecret> {
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
