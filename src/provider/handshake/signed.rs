//! Handshakes that are signed like any delivery, and answered once that was found to be right.

use bytes::Bytes;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::Hmac;
use http::{Response, StatusCode};
use serde_json::json;
use sha2::Sha256;

use super::{Asked, Handshake, echo, empty, json, mac};
use crate::{
    Secret,
    verify::{constant_time_eq, scan},
};

/// Slack: `{"type":"url_verification","challenge":…}`, whose challenge is echoed.
pub(in crate::provider) const SLACK: Handshake = Handshake {
    signed: |_, body| {
        let body = having(body, "/type", "url_verification")?;
        echo(&scan(body, "/challenge")?)
    },
    ..Handshake::NONE
};

/// Zoom: `{"event":"endpoint.url_validation","payload":{"plainToken":…}}`, answered with the token's
/// MAC under the secret that the request was signed with.
pub(in crate::provider) const ZOOM: Handshake = Handshake {
    signed: |asked, body| {
        let body = having(body, "/event", "endpoint.url_validation")?;
        let token = scan(body, "/payload/plainToken")?;
        let timestamp = asked.header("x-zm-request-timestamp")?.as_bytes();
        let signature = asked.header("x-zm-signature")?.as_bytes().strip_prefix(b"v0=")?;
        let signature = HEXLOWER_PERMISSIVE.decode(signature).ok()?;
        let signed_with = |secret: &&Secret| {
            mac::<Hmac<Sha256>>(secret.expose().as_bytes(), &[b"v0:", timestamp, b":", body])
                .is_some_and(|mac| constant_time_eq(&mac, &signature))
        };
        let secret = asked.secrets.iter().find(signed_with)?;
        let mac = mac::<Hmac<Sha256>>(secret.expose().as_bytes(), &[token.as_bytes()])?;
        Some(json(&json!({ "plainToken": token, "encryptedToken": HEXLOWER.encode(&mac) })))
    },
    ..Handshake::NONE
};

/// Twitch: a message of the type `webhook_callback_verification`, whose challenge is echoed.
pub(in crate::provider) const TWITCH: Handshake = Handshake {
    signed: |asked, body| {
        let kind = asked.header("twitch-eventsub-message-type")?;
        (kind == "webhook_callback_verification").then(|| echo(&scan(short(body)?, "/challenge")?)).flatten()
    },
    ..Handshake::NONE
};

/// Front: a message of the type `sync`, with a challenge in a header, which is answered in JSON.
pub(in crate::provider) const FRONT: Handshake = Handshake {
    signed: |asked, body| {
        let challenge = asked.header("x-front-challenge")?.to_str().ok()?;
        having(body, "/type", "sync")?;
        Some(json(&json!({ "challenge": challenge })))
    },
    ..Handshake::NONE
};

/// Discord: a `PING`, which is of type 1 among interactions and of type 0 among webhook events. Those
/// have events of type 1, too, which are no pings.
#[allow(dead_code, reason = "the providers with key pairs are wired by a feature")]
pub(in crate::provider) const DISCORD: Handshake = Handshake {
    signed: |_, body| {
        let body = short(body)?;
        match &*scan(body, "/type")? {
            "0" => Some(empty(StatusCode::NO_CONTENT)),
            "1" if scan(body, "/event/type").is_none() => Some(json(&json!({ "type": 1 }))),
            _ => None,
        }
    },
    ..Handshake::NONE
};

/// monday: `{"challenge":…}` and no event, said back as it is.
#[allow(dead_code, reason = "the providers with tokens are wired by a feature")]
pub(in crate::provider) const MONDAY: Handshake = Handshake {
    signed: |_, body| {
        let challenge = scan(short(body)?, "/challenge").filter(|_| scan(body, "/event/type").is_none())?;
        Some(json(&json!({ "challenge": challenge })))
    },
    ..Handshake::NONE
};

/// Azure Event Grid: an event that asks for the code in it.
pub(super) fn subscription_validation(asked: &Asked<'_>, body: &Bytes) -> Option<Response<Bytes>> {
    if asked.header("aeg-event-type")? != "SubscriptionValidation" {
        return None;
    }
    let body = having(body, "/0/eventType", "Microsoft.EventGrid.SubscriptionValidationEvent")?;
    Some(json(&json!({ "validationResponse": scan(body, "/0/data/validationCode")? })))
}

/// A short body that has this value at `pointer`.
fn having<'b>(body: &'b Bytes, pointer: &str, value: &str) -> Option<&'b Bytes> {
    short(body).filter(|body| scan(body, pointer).is_some_and(|found| *found == *value))
}

/// A body that is short enough for a handshake: an event is not searched through for nothing.
fn short(body: &Bytes) -> Option<&Bytes> {
    const MOST: usize = 4096;
    (body.len() <= MOST).then_some(body)
}
