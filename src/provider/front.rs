use serde_json::json;

use super::{
    handshake::{Handshake, json_response, short_body_with},
    providers,
};
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Milliseconds};

providers! {
    /// HMAC-SHA256 of `{ts}:{body}` in `X-Front-Signature`, base64.
    ///
    /// Front (application webhooks).
    ///
    /// * Secret: the app's, UTF-8. Rule webhooks have another signature.
    /// * Delivery id: `body:/payload/id`, signed. It names the event.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-front-request-timestamp`; 300 s into the past and 300 s into the future.
    /// * Handshake: the signed `sync` with `X-Front-Challenge`, answered `{"challenge":…}`.
    front: "front", "Front",
        "https://dev.frontapp.com/docs/application-webhooks",
        Scheme::hmac_sha256("x-front-signature", Base64)
            .timestamp("header:x-front-request-timestamp", Milliseconds)
            .signs("{ts}:{body}")
            .id("body:/payload/id")
            .event_type("body:/type"),
        handshake: Some(HANDSHAKE);
}

/// Front: a message of the type `sync` with a challenge in a header, which is echoed as JSON.
const HANDSHAKE: Handshake = Handshake {
    signed: |request, body| {
        let challenge = request.header("x-front-challenge")?.to_str().ok()?;
        short_body_with(body, "/type", "sync")?;
        Some(json_response(&json!({ "challenge": challenge })))
    },
    ..Handshake::NONE
};
