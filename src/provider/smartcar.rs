use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use hmac::Hmac;
use http::Response;
use serde_json::json;
use sha2::Sha256;

use super::{
    handshake::{Handshake, UnsignedPost, json_response, mac, short_body_with},
    providers,
};
use crate::{
    Secret,
    verify::{Encoding::Hex, Scheme, scan},
};

providers! {
    /// Creates a verifier for Smartcar.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `sc-signature`.
    /// * Secret: the application management token, as text.
    /// * Delivery id: `body:/eventId`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 15 s.
    /// * Handshake: the event `VERIFY`. The layer responds with the MAC of the event's `challenge`, computed
    ///   with the first secret, whether or not the event is signed. The same secret signs events. The layer
    ///   therefore signs only text that looks like a challenge (letters, digits and hyphens), and rejects
    ///   deliveries with such a body. An event is a JSON object, which does not look like a challenge.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an application share the
    ///   secret.
    smartcar: "smartcar", "Smartcar",
        "https://github.com/smartcar/node-sdk/blob/HEAD/index.js",
        Scheme::hmac_sha256("sc-signature", Hex)
            .id("body:/eventId")
            .event_type("body:/eventType"),
        shared_secret: true,
        handshake: Some(HANDSHAKE),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(15));
}

/// Smartcar's handshake: `{"eventType":"VERIFY","data":{"challenge":…}}`, answered with the challenge's MAC,
/// computed with the first secret.
///
/// The same secret signs events. The handshake therefore signs only text that looks like a challenge, and the
/// layer rejects events with such a body.
const HANDSHAKE: Handshake = Handshake {
    signed: |request, body| response(request.secrets, body),
    unsigned_post: Some(UnsignedPost {
        has_head: |request| !request.head().headers.contains_key("sc-signature"),
        response: |request, body| response(request.secrets, &Bytes::copy_from_slice(body)),
    }),
    signs: Some(is_challenge),
    ..Handshake::NONE
};

fn response(secrets: &[Secret], body: &Bytes) -> Option<Response<Bytes>> {
    let body = short_body_with(body, "/eventType", "VERIFY")?;
    let challenge = scan(body, "/data/challenge").filter(|challenge| is_challenge(challenge.as_bytes()))?;
    let mac = mac::<Hmac<Sha256>>(secrets.first()?.expose(), &[challenge.as_bytes()])?;
    Some(json_response(&json!({ "challenge": HEXLOWER.encode(&mac) })))
}

fn is_challenge(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    (1..=128).contains(&text.len()) && text.iter().all(is_part)
}
