use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{
    handshake::{Handshake, json_response},
    providers,
};
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Oura.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}{body}`, as hex in `x-oura-signature`.
    /// * Secret: the client secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event_type`, signed. It is `create`, `update` or `delete`; `data_type` names the
    ///   changed data.
    /// * Timestamp: `header:x-oura-timestamp`; tolerance 300 s.
    /// * Acknowledge within: 10 s.
    /// * Handshake: `GET` with `challenge`. The layer responds with `{"challenge":…}` if `verification_token`
    ///   equals the layer's [`verify_token`](crate::WebhookLayer::verify_token).
    oura: "oura", "Oura",
        "https://cloud.ouraring.com/v2/docs#tag/Webhook-Subscription-Routes",
        Scheme::hmac_sha256("x-oura-signature", Hex)
            .timestamp("header:x-oura-timestamp", Seconds)
            .signs("{ts}{body}")
            .event_type("body:/event_type"),
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(10));
}

/// Oura's handshake: `GET ?verification_token=…&challenge=…`. The layer returns the challenge as JSON if the
/// token matches.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let challenge = request.is(&Method::GET).then(|| request.query("challenge"))??;
        request.knows_token(TOKEN).then(|| json_response(&json!({ "challenge": challenge })))
    },
    token: |request| {
        let is_handshake = request.is(&Method::GET) && request.query("challenge").is_some();
        is_handshake.then_some(TOKEN)
    },
    ..Handshake::NONE
};

const TOKEN: &str = "verification_token";
