use std::time::Duration;

use data_encoding::BASE64;
use hmac::Hmac;
use http::Method;
use serde_json::json;
use sha2::Sha256;

use super::{
    handshake::{Handshake, json_response, mac},
    providers,
};
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for X (Twitter).
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 with the prefix `sha256=` in
    ///   `x-twitter-webhooks-signature`.
    /// * Secret: the consumer secret, as text.
    /// * Delivery id: `body:/data/event_uuid`, signed.
    /// * Event type: `body:/data/event_type`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    /// * Handshake: `GET ?crc_token=…`. The layer responds with the token's MAC, computed with the first secret.
    ///   The same secret signs events. The layer therefore signs only text that looks like a token (letters,
    ///   digits, `-_.~+/=`), and rejects deliveries with such a body. An event is a JSON object, which does not
    ///   look like a token.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share the secret.
    twitter: "twitter", "X (Twitter)",
        "https://docs.x.com/x-api/webhooks",
        Scheme::hmac_sha256("x-twitter-webhooks-signature", Base64)
            .prefix("sha256=")
            .id("body:/data/event_uuid")
            .event_type("body:/data/event_type"),
        shared_secret: true,
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true);
}

/// The handshake of X: `GET ?crc_token=…`, answered with the token's MAC, computed with the first secret.
///
/// The same secret signs events. The handshake therefore signs only text that looks like a token, and the
/// layer rejects events with such a body.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let token = request.is(&Method::GET).then(|| request.query("crc_token"))??;
        let secret = request.secrets.iter().next().filter(|_| is_crc_token(token.as_bytes()))?;
        let mac = mac::<Hmac<Sha256>>(secret.expose(), &[token.as_bytes()])?;
        Some(json_response(&json!({ "response_token": format!("sha256={}", BASE64.encode(&mac)) })))
    },
    signs: Some(is_crc_token),
    ..Handshake::NONE
};

fn is_crc_token(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(byte);
    (1..=512).contains(&text.len()) && text.iter().all(is_part)
}
