use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use data_encoding::BASE64;
use http::Response;
use serde::Deserialize;
use serde_json::json;

use super::{
    by_hand::JsonObject,
    encryption::{Encryption, aes_256_cbc},
    handshake::{Handshake, HandshakeRequest, UnsignedPost, json_response, short_body},
    providers,
};
use crate::{
    Secret,
    verify::{
        Algorithm::Sha256, Encoding::Hex, Scheme, TimeUnit::Seconds, VerifyError, constant_time_eq, digest,
    },
};
#[cfg(feature = "test-util")]
use crate::{
    provider::encryption::encrypt_aes_256_cbc,
    verify::{scan, signing::CannotSign},
};

providers! {
    /// Creates a verifier for Feishu / Lark.
    ///
    /// The verifier accepts events and callbacks of an app with an *Encrypt Key*. Without this key, Feishu does
    /// not sign them.
    ///
    /// * Signature: SHA-256 of `{ts}{header:x-lark-request-nonce}{secret}{body}`, as hex in `x-lark-signature`.
    /// * Secret: the Encrypt Key, as text.
    /// * Delivery id: `body:/header/event_id` or `body:/uuid`, signed.
    /// * Event type: `body:/header/event_type` or `body:/event/type`, signed.
    /// * Timestamp: `header:x-lark-request-timestamp`; tolerance 28800 s in the past and 300 s in the future.
    ///   The age covers the retries.
    /// * Retries: yes, for up to 8 hours. Feishu retries after 15 s, 5 min, 1 h and 6 h.
    /// * Acknowledge within: 3 s.
    /// * Handshake: an encrypted body of the type `url_verification`, which Feishu does not sign. The layer
    ///   echoes its `challenge` if its `token` is the layer's
    ///   [`verify_token`](crate::WebhookLayer::verify_token), which must be the app's *Verification Token*. The
    ///   layer echoes only letters, digits, `-` and `_`, so that an attacker cannot have other captured bodies
    ///   decrypted.
    /// * The body is encrypted (AES-256-CBC) with the SHA-256 of the Encrypt Key. The layer decrypts it after it
    ///   has verified the signature. The handler gets the **decrypted JSON** as the body and as
    ///   [`Delivery::payload`](crate::Delivery::payload). [`Delivery::raw`](crate::Delivery::raw) is the body as
    ///   received.
    /// * The signature is a plain hash. The layer rejects bodies with a NUL byte, which a length extension
    ///   attack requires.
    feishu -> Result: "feishu", "Feishu / Lark",
        "https://open.larkoffice.com/document/ukTMukTMukTM/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/encrypt-key-encryption-configuration-case.md",
        Scheme::new(Sha256, "x-lark-signature", Hex)
            .timestamp("header:x-lark-request-timestamp", Seconds)
            .tolerance(Some(8 * 3600), 300)
            .signs("{ts}{header:x-lark-request-nonce}{secret}{body}")
            .id(["body:/header/event_id", "body:/uuid"])
            .event_type(["body:/header/event_type", "body:/event/type"]),
        encryption: Some(ENCRYPTION),
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(3)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(15 + 5 * 60 + 3600 + 6 * 3600));
}

const ENCRYPTION: Encryption = Encryption {
    decrypt,
    #[cfg(feature = "test-util")]
    encrypt,
};

#[derive(Deserialize)]
struct Encrypted<'a> {
    #[serde(borrow)]
    encrypt: Cow<'a, str>,
}

fn decrypt(secret: &Secret, body: &[u8]) -> Result<Bytes, VerifyError> {
    // The parser's error may quote the body.
    let JsonObject(Encrypted { encrypt }) =
        serde_json::from_slice(body).map_err(|_| VerifyError::malformed("body has no field `encrypt`"))?;
    let text = BASE64.decode(encrypt.as_bytes()).ok();
    let payload = text.and_then(|text| aes_256_cbc(&digest(secret.expose()), &text));
    payload.ok_or(VerifyError::malformed("body cannot be decrypted"))
}

#[cfg(feature = "test-util")]
fn encrypt(secret: &Secret, payload: &Bytes) -> Result<Bytes, CannotSign> {
    if scan(payload, "/encrypt").is_some() {
        return Ok(payload.clone());
    }
    let text = encrypt_aes_256_cbc(&digest(secret.expose()), payload);
    let text = text.ok_or(CannotSign::new("body cannot be encrypted"))?;
    Ok(json!({ "encrypt": BASE64.encode(&text) }).to_string().into())
}

/// Feishu's handshake: `{"challenge":…,"token":…,"type":"url_verification"}`, encrypted like an event.
const HANDSHAKE: Handshake = Handshake {
    signed: challenge,
    unsigned_post: Some(UnsignedPost {
        has_head: |_| true,
        response: |request, body| {
            let payloads = request.secrets.iter().filter_map(|secret| decrypt(secret, body).ok());
            payloads.into_iter().find_map(|payload| challenge(request, &payload))
        },
    }),
    ..Handshake::NONE
};

/// Returns the response to a decrypted handshake.
///
/// The payload is not signed. An attacker can splice blocks of captured bodies, and each splice leaves a block of random
/// bytes. Other fields would hide that block, so they are rejected.
fn challenge(request: &HandshakeRequest<'_>, payload: &Bytes) -> Option<Response<Bytes>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Challenge {
        challenge: String,
        token: String,
        r#type: String,
    }
    const MAX: usize = 128;
    let JsonObject(Challenge { challenge, token, r#type }) =
        serde_json::from_slice(short_body(payload)?).ok()?;
    if r#type != "url_verification" {
        return None;
    }
    let is_token = constant_time_eq(token.as_bytes(), request.verify_token()?);
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_challenge = (1..=MAX).contains(&challenge.len()) && challenge.bytes().all(is_part);
    (is_token && is_challenge).then(|| json_response(&json!({ "challenge": challenge })))
}
