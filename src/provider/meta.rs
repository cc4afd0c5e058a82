use http::Method;

use super::{
    handshake::{Handshake, echo},
    providers,
};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Hub-Signature-256`, hex after `sha256=`.
    ///
    /// * Secret: the app secret, as text.
    /// * Delivery id: none. That names the delivery as a whole; equal bodies are one delivery.
    /// * Event type: `body:/object`, signed.
    /// * Handshake: `GET` with `hub.challenge`, which is echoed if `hub.verify_token` is the
    ///   [`verify_token`](crate::WebhookLayer::verify_token).
    /// * Batches: one body can carry several events. Up to 1000 in `entry`, all of the same `object`.
    meta: "meta", "Meta (WhatsApp, Messenger, Instagram)",
        "https://developers.facebook.com/docs/graph-api/webhooks/getting-started",
        Scheme::hmac_sha256("x-hub-signature-256", Hex)
            .prefix("sha256=")
            .event_type("body:/object"),
        batch: true,
        equal_bodies: true,
        handshake: Some(HANDSHAKE);
}

/// Meta: `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`, whose challenge is echoed to
/// who knows the token.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let is_subscription = request.is(&Method::GET) && request.query("hub.mode")? == "subscribe";
        let challenge = request.query("hub.challenge")?;
        (is_subscription && request.knows_token("hub.verify_token")).then(|| echo(&challenge)).flatten()
    },
    ..Handshake::NONE
};
