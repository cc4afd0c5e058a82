use std::time::Duration;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::Hmac;
use serde_json::json;
use sha2::Sha256;

use super::{
    handshake::{Handshake, json_response, mac, short_body_with},
    providers,
};
use crate::{
    Secret,
    verify::{Encoding::Hex, Scheme, TimeUnit::Seconds, constant_time_eq, scan},
};

providers! {
    /// Creates a verifier for Zoom.
    ///
    /// * Signature: HMAC-SHA256 of `v0:{ts}:{body}`, as hex with the prefix `v0=` in `x-zm-signature`.
    /// * Secret: the secret token, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `header:x-zm-request-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 85 minutes.
    /// * Acknowledge within: 3 s.
    /// * Handshake: a signed event `endpoint.url_validation`. The layer responds with the MAC of the event's
    ///   `plainToken`, computed with the secret that matched.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all event subscriptions of an app share the
    ///   secret.
    zoom: "zoom", "Zoom",
        "https://github.com/zoom/webhook-sample/blob/HEAD/index.js",
        Scheme::hmac_sha256("x-zm-signature", Hex)
            .prefix("v0=")
            .timestamp("header:x-zm-request-timestamp", Seconds)
            .signs("v0:{ts}:{body}")
            .event_type("body:/event"),
        shared_secret: true,
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(3)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(85 * 60)),
        equal_bodies: true;
}

/// Zoom's handshake: `{"event":"endpoint.url_validation","payload":{"plainToken":…}}`. The layer responds
/// with the token's MAC, computed with the secret that matched.
const HANDSHAKE: Handshake = Handshake {
    signed: |request, body| {
        let body = short_body_with(body, "/event", "endpoint.url_validation")?;
        let token = scan(body, "/payload/plainToken")?;
        let timestamp = request.header("x-zm-request-timestamp")?.as_bytes();
        let signature = request.header("x-zm-signature")?.as_bytes().strip_prefix(b"v0=")?;
        let signature = HEXLOWER_PERMISSIVE.decode(signature).ok()?;
        let signed_with = |secret: &&Secret| {
            mac::<Hmac<Sha256>>(secret.expose(), &[b"v0:", timestamp, b":", body])
                .is_some_and(|mac| constant_time_eq(&mac, &signature))
        };
        let secret = request.secrets.iter().find(signed_with)?;
        let mac = mac::<Hmac<Sha256>>(secret.expose(), &[token.as_bytes()])?;
        Some(json_response(&json!({ "plainToken": token, "encryptedToken": HEXLOWER.encode(&mac) })))
    },
    ..Handshake::NONE
};
