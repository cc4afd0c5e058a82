use std::borrow::Cow;

use http::Method;

use super::{
    handshake::{Handshake, HandshakeRequest, echo},
    providers,
};
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA1 of the body in `X-Hub-Signature`, hex after `sha1=`.
    ///
    /// WebSub, formerly PubSubHubbub (YouTube), signed with SHA-1.
    ///
    /// * Secret: the `hub.secret` of the subscription, UTF-8. Without one, a hub does not sign, and every
    ///   delivery is rejected.
    /// * Delivery id: none.
    /// * Handshake: `GET` with `hub.mode`, `hub.topic` and `hub.challenge`, which is echoed if
    ///   `hub.verify_token` is the [`verify_token`](crate::WebhookLayer::verify_token): otherwise any client
    ///   could end the subscription. Subscribe with `hub.verify_token`, or put it into the query of the callback
    ///   URL, which every hub keeps.
    websub: "websub", "WebSub / PubSubHubbub (YouTube)",
        "https://www.w3.org/TR/websub/",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .prefix("sha1="),
        handshake: Some(HANDSHAKE);

    /// HMAC-SHA256 of the body in `X-Hub-Signature`, hex after `sha256=`.
    ///
    /// WebSub, signed with SHA-256.
    ///
    /// * Secret: the `hub.secret` of the subscription, UTF-8.
    /// * Delivery id: none.
    /// * Handshake: as that of [`websub`].
    websub_sha256: "websub-sha256", "WebSub (SHA-256)",
        "https://www.w3.org/TR/websub/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256="),
        handshake: Some(HANDSHAKE);
}

/// WebSub: like Meta's, with a topic, also to end a subscription. Without the token any client could end it.
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
