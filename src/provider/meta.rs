use std::time::Duration;

use std::borrow::Cow;

use http::Method;

use super::{
    handshake::{Handshake, HandshakeRequest, echo},
    providers,
};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Meta (WhatsApp, Messenger, Instagram).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature-256`.
    /// * Secret: the app secret, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. A delivery is a batch of events,
    ///   and has no id as a whole. To deduplicate the events by their ids, use
    ///   [`for_each`](crate::Delivery::for_each).
    /// * Event type: `body:/object`, signed. It is, for example, `whatsapp_business_account`, `page` or
    ///   `instagram`, and not the `field` of a change.
    /// * Retries: yes, for up to 7 days.
    /// * Acknowledge within: 20 s.
    /// * Body limit: 3 MiB.
    /// * Handshake: `GET` with `hub.challenge`. The layer echoes the challenge if `hub.verify_token` equals the
    ///   layer's [`verify_token`](crate::WebhookLayer::verify_token).
    /// * Batches: one body can carry several events. `entry` contains at most 1000 events, all with the same
    ///   `object`.
    meta: "meta", "Meta (WhatsApp, Messenger, Instagram)",
        "https://developers.facebook.com/docs/graph-api/webhooks/getting-started",
        Scheme::hmac_sha256("x-hub-signature-256", Hex)
            .prefix("sha256=")
            .event_type("body:/object"),
        batch: true,
        equal_bodies: true,
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(20)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(7 * 24 * 3600)),
        body_limit: Some(3 * 1024 * 1024);
}

/// Meta's handshake: `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`. The layer echoes the
/// challenge if the verify token matches.
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
