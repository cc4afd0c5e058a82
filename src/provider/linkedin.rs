use data_encoding::HEXLOWER;
use hmac::Hmac;
use http::Method;
use serde_json::json;
use sha2::Sha256;

use super::{
    handshake::{Handshake, json_response, mac},
    providers,
};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for LinkedIn.
    ///
    /// * Signature: HMAC-SHA256 of `hmacsha256={body}`, as hex in `x-li-signature`.
    /// * Secret: the app's client secret, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. Each body contains a notification
    ///   id.
    /// * Handshake: `GET ?challengeCode=…`, which LinkedIn repeats every 2 hours. The layer responds with the
    ///   MAC of the code, computed with the first secret. The same secret signs events. The layer therefore
    ///   signs only a code that is a UUID, as LinkedIn's are, while the signed text of an event begins with
    ///   `hmacsha256=`.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share the secret.
    linkedin: "linkedin", "LinkedIn",
        "https://learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation",
        Scheme::hmac_sha256("x-li-signature", Hex)
            .signs("hmacsha256={body}"),
        shared_secret: true,
        handshake: Some(HANDSHAKE),
        equal_bodies: true;
}

/// LinkedIn's handshake: `GET ?challengeCode=…`, answered with the code's MAC, computed with the first secret.
///
/// The same secret signs events, so the handshake signs only UUIDs. The signed text of an event is not a UUID.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let code = request.is(&Method::GET).then(|| request.query("challengeCode"))??;
        let secret = request.secrets.first().filter(|_| is_uuid(code.as_bytes()))?;
        let mac = mac::<Hmac<Sha256>>(secret.expose(), &[code.as_bytes()])?;
        Some(json_response(&json!({ "challengeCode": code, "challengeResponse": HEXLOWER.encode(&mac) })))
    },
    ..Handshake::NONE
};

fn is_uuid(text: &[u8]) -> bool {
    let is_part = |(place, byte): (usize, &u8)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.iter().enumerate().all(is_part)
}
