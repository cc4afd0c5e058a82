//! Handshakes that are answered by the head alone. Where the provider has a token for them, or
//! sends its secret along, nobody else is answered.

use std::borrow::Cow;

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::Hmac;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::{Asked, Handshake, echo, empty, json, mac, signed};
use crate::verify::endpoint_url;

/// `GET ?challenge=…`, echoed: Dropbox, Nylas.
pub(in crate::provider) const CHALLENGE: Handshake = Handshake {
    unsigned: |asked| {
        let challenge = asked.is(&Method::GET).then(|| asked.query("challenge"))??;
        echo(&challenge)
    },
    ..Handshake::NONE
};

/// `HEAD`, to see whether anything is there at all: Trello, Intercom.
pub(in crate::provider) const REACHABLE: Handshake =
    Handshake { unsigned: |asked| asked.is(&Method::HEAD).then(|| empty(StatusCode::OK)), ..Handshake::NONE };

/// Meta: `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`, whose challenge is echoed to
/// who knows the token.
pub(in crate::provider) const META: Handshake = Handshake {
    unsigned: |asked| {
        let is_subscription = asked.is(&Method::GET) && asked.query("hub.mode")? == "subscribe";
        let challenge = asked.query("hub.challenge")?;
        (is_subscription && asked.knows_token("hub.verify_token")).then(|| echo(&challenge)).flatten()
    },
    ..Handshake::NONE
};

/// WebSub: like Meta's, with a topic, and for the end of a subscription as well. Echoing to anybody
/// would let anybody end it.
pub(in crate::provider) const WEBSUB: Handshake = Handshake {
    unsigned: |asked| {
        let is_intent = asked.is(&Method::GET)
            && matches!(&*asked.query("hub.mode")?, "subscribe" | "unsubscribe")
            && !asked.query("hub.topic")?.is_empty();
        let challenge = asked.query("hub.challenge")?;
        (is_intent && asked.knows_token("hub.verify_token")).then(|| echo(&challenge)).flatten()
    },
    ..Handshake::NONE
};

/// X: `GET ?crc_token=…`, answered with its MAC under the newest secret.
///
/// Events are signed with the same key, and nothing but their look tells them from such a token. So
/// only what looks like a token is signed, and a body that looks like one is no event.
pub(in crate::provider) const CRC: Handshake = Handshake {
    unsigned: |asked| {
        let token = asked.is(&Method::GET).then(|| asked.query("crc_token"))??;
        let secret = asked.secrets.iter().next().filter(|_| is_crc_token(token.as_bytes()))?;
        let mac = mac::<Hmac<Sha256>>(secret.expose().as_bytes(), &[token.as_bytes()])?;
        Some(json(&json!({ "response_token": format!("sha256={}", BASE64.encode(&mac)) })))
    },
    signs: Some(is_crc_token),
    ..Handshake::NONE
};

fn is_crc_token(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(byte);
    (1..=512).contains(&text.len()) && text.iter().all(is_part)
}

/// Okta: `GET` with a challenge in a header, and the secret where every request has it.
pub(in crate::provider) const OKTA: Handshake = Handshake {
    unsigned: |asked| {
        let challenge = asked.is(&Method::GET).then(|| asked.header("x-okta-verification-challenge"))??;
        let is_okta = ["authorization", "x-okta-token"]
            .into_iter()
            .filter_map(|name| asked.header(name))
            .fold(false, |any, sent| any | asked.is_secret(sent.as_bytes()));
        let challenge = challenge.to_str().ok().filter(|_| is_okta)?;
        Some(json(&json!({ "verification": challenge })))
    },
    ..Handshake::NONE
};

/// Microsoft Graph: `POST ?validationToken=…`, echoed. Notifications are JSON, and this is not.
pub(in crate::provider) const MS_GRAPH: Handshake = Handshake {
    unsigned: |asked| {
        let token = asked.is(&Method::POST).then(|| asked.query("validationToken"))??;
        let content_type = asked.header("content-type").map(HeaderValue::as_bytes).unwrap_or_default();
        let is_text = content_type.get(..10).is_none_or(|kind| kind.eq_ignore_ascii_case(b"text/plain"));
        is_text.then(|| echo(&token)).flatten()
    },
    ..Handshake::NONE
};

/// Asana: `POST` with the secret that it will sign with, said back to who knows the token. It is not
/// kept: who sent it is not known, and Asana also gives it to who made the webhook.
pub(in crate::provider) const ASANA: Handshake = Handshake {
    unsigned: |asked| {
        let secret = asked.is(&Method::POST).then(|| asked.header("x-hook-secret"))??;
        let is_short = (1..=256).contains(&secret.len());
        let is_delivery = asked.head.headers.contains_key("x-hook-signature");
        (is_short && !is_delivery && asked.knows_token("verify_token")).then(|| {
            let mut response = empty(StatusCode::OK);
            response.headers_mut().insert(HeaderName::from_static("x-hook-secret"), secret.clone());
            response
        })
    },
    ..Handshake::NONE
};

/// eBay: `GET ?challenge_code=…`, answered with a hash of it, the token, and the endpoint's URL.
#[allow(dead_code, reason = "its provider is wired by a feature")]
pub(in crate::provider) const EBAY: Handshake = Handshake {
    unsigned: |asked| {
        let code = asked.is(&Method::GET).then(|| asked.query("challenge_code"))??;
        let (token, endpoint) = (asked.verify_token()?, endpoint_url(asked.head)?);
        let hash = Sha256::new().chain_update(&*code).chain_update(token).chain_update(&*endpoint).finalize();
        Some(json(&json!({ "challengeResponse": HEXLOWER.encode(&hash) })))
    },
    ..Handshake::NONE
};

/// Braintree: `GET ?bt_challenge=…`, answered with the public key and a MAC under the private one.
///
/// Payloads are signed with the same key. They are XML in base64, which the few hexadecimal digits
/// of a challenge never are; nothing else is signed.
pub(in crate::provider) const BRAINTREE: Handshake = Handshake {
    unsigned: |asked| {
        let challenge = asked.is(&Method::GET).then(|| asked.query("bt_challenge"))??;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_challenge = (20..=32).contains(&challenge.len()) && challenge.bytes().all(is_hex);
        let secret = asked.secrets.iter().next().filter(|_| is_challenge)?;
        let key = Sha1::digest(secret.expose());
        let mac = mac::<Hmac<Sha1>>(&key, &[challenge.as_bytes()])?;
        echo(&format!("{}|{}", secret.key_id()?, HEXLOWER.encode(&mac)))
    },
    ..Handshake::NONE
};

/// CloudEvents: `OPTIONS` with the sender's name, which is given permission if it has the secret, as
/// `Authorization: Bearer` or in the query. Who else asks is not known to send anything we want.
pub(in crate::provider) const CLOUDEVENTS: Handshake =
    Handshake { unsigned: permission_to_send, ..Handshake::NONE };

/// Azure Event Grid: that of CloudEvents, or a signed event, by the schema that was chosen.
pub(in crate::provider) const EVENT_GRID: Handshake =
    Handshake { unsigned: permission_to_send, signed: signed::subscription_validation, ..Handshake::NONE };

fn permission_to_send(asked: &Asked<'_>) -> Option<Response<Bytes>> {
    const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
    const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");
    let origin = asked.is(&Method::OPTIONS).then(|| asked.header("webhook-request-origin"))??;
    // A name of the DNS, perhaps with a port.
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:".contains(byte);
    let is_name = (1..=255).contains(&origin.len()) && origin.as_bytes().iter().all(is_part);
    let has_secret = bearer(asked).is_some_and(|sent| asked.is_secret(&sent));
    (is_name && has_secret).then(|| {
        let mut response = empty(StatusCode::OK);
        let headers = response.headers_mut();
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        headers.insert(ALLOWED_ORIGIN, origin.clone());
        headers.insert(ALLOWED_RATE, HeaderValue::from_static("*"));
        response
    })
}

/// What a request offers as its OAuth 2.0 bearer token.
pub(in crate::provider) fn bearer<'a>(asked: &Asked<'a>) -> Option<Cow<'a, [u8]>> {
    if let Some(value) = asked.header("authorization") {
        let (scheme, token) = value.as_bytes().split_at_checked(7)?;
        return scheme.eq_ignore_ascii_case(b"bearer ").then_some(Cow::Borrowed(token));
    }
    Some(match asked.query("access_token")? {
        Cow::Borrowed(token) => Cow::Borrowed(token.as_bytes()),
        Cow::Owned(token) => Cow::Owned(token.into_bytes()),
    })
}
