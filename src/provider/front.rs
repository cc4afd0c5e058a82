use serde_json::json;

use super::{
    handshake::{Handshake, json_response, short_body_with},
    providers,
};
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Front.
    ///
    /// The verifier accepts application webhooks.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}:{body}`, as base64 in `x-front-signature`.
    /// * Secret: the app's signing key, as text. Rule webhooks have another signature, which the layer rejects.
    /// * Delivery id: `body:/payload/id`, signed. It identifies the event.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-front-request-timestamp`; tolerance 300 s.
    /// * Retries: yes.
    /// * Handshake: a signed request of type `sync` with `X-Front-Challenge`. The layer responds with
    ///   `{"challenge":…}`.
    front: "front", "Front",
        "https://dev.frontapp.com/docs/application-webhooks",
        Scheme::hmac_sha256("x-front-signature", Base64)
            .timestamp("header:x-front-request-timestamp", Milliseconds)
            .signs("{ts}:{body}")
            .id("body:/payload/id")
            .event_type("body:/type"),
        handshake: Some(HANDSHAKE),
        retries: Some(true);
}

/// Front's handshake: a request of type `sync` with a challenge in a header. The layer echoes the challenge
/// as JSON.
const HANDSHAKE: Handshake = Handshake {
    signed: |request, body| {
        let challenge = request.header("x-front-challenge")?.to_str().ok()?;
        short_body_with(body, "/type", "sync")?;
        Some(json_response(&json!({ "challenge": challenge })))
    },
    ..Handshake::NONE
};
