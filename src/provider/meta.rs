use std::borrow::Cow;

use http::Method;

use super::{
    handshake::{Handshake, HandshakeRequest, echo},
    providers,
};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Hub-Signature-256`, hex after `sha256=`.
    ///
    /// * Secret: the app secret, as text.
    /// * Delivery id: none. A delivery is a batch, and no id names it as a whole. Deliveries with equal bodies
    ///   are one. Claim its items by their ids: [`for_each`](crate::Delivery::for_each).
    /// * Event type: `body:/object`, signed. Such as `whatsapp_business_account`, `page` or `instagram`; not the
    ///   `field` of a change.
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

/// Meta: `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`, whose challenge is echoed if the
/// verify token matches.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let challenge = subscription_challenge(request)?;
        request.knows_token(TOKEN).then(|| echo(&challenge)).flatten()
    },
    token: |request| subscription_challenge(request).map(|_| TOKEN),
    ..Handshake::NONE
};

const TOKEN: &str = "hub.verify_token";

fn subscription_challenge<'a>(request: &HandshakeRequest<'a>) -> Option<Cow<'a, str>> {
    let is_subscription = request.is(&Method::GET) && request.query("hub.mode")? == "subscribe";
    is_subscription.then(|| request.query("hub.challenge")).flatten()
}
