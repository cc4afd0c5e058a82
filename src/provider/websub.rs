use std::borrow::Cow;

use http::Method;

use super::{
    handshake::{Handshake, HandshakeRequest, echo},
    providers,
};
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for WebSub / PubSubHubbub (YouTube).
    ///
    /// WebSub was formerly PubSubHubbub. YouTube uses this protocol.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex with the prefix `sha1=` in `x-hub-signature`.
    /// * Secret: the `hub.secret` of the subscription, as text. A hub signs deliveries only if the subscription
    ///   has a secret; the layer rejects unsigned deliveries.
    /// * Delivery id: none.
    /// * Handshake: `GET` with `hub.mode`, `hub.topic` and `hub.challenge`. The layer echoes the challenge if
    ///   `hub.verify_token` equals the layer's [`verify_token`](crate::WebhookLayer::verify_token). The layer
    ///   requires the token, because any client could otherwise end the subscription. Subscribe with
    ///   `hub.verify_token`, or add `hub.verify_token` to the query of the callback URL, which every hub
    ///   preserves.
    websub: "websub", "WebSub / PubSubHubbub (YouTube)",
        "https://www.w3.org/TR/websub/",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .prefix("sha1="),
        handshake: Some(HANDSHAKE);

    /// Creates a verifier for WebSub (SHA-256).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature`.
    /// * Secret: the `hub.secret` of the subscription, as text.
    /// * Delivery id: none.
    /// * Handshake: see [`websub`].
    websub_sha256: "websub-sha256", "WebSub (SHA-256)",
        "https://www.w3.org/TR/websub/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256="),
        handshake: Some(HANDSHAKE);
}

/// WebSub's handshake: like Meta's, but with a topic. Hubs also send this request to end a subscription, so
/// without the token any client could end a subscription.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let challenge = intent_challenge(request)?;
        request.knows_token(TOKEN).then(|| echo(&challenge)).flatten()
    },
    token: |request| intent_challenge(request).map(|_| TOKEN),
    ..Handshake::NONE
};

const TOKEN: &str = "hub.verify_token";

fn intent_challenge<'a>(request: &HandshakeRequest<'a>) -> Option<Cow<'a, str>> {
    let is_intent = request.is(&Method::GET)
        && matches!(&*request.query("hub.mode")?, "subscribe" | "unsubscribe")
        && !request.query("hub.topic")?.is_empty();
    is_intent.then(|| request.query("hub.challenge")).flatten()
}
