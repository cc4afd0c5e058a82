use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{
    handshake::{Handshake, json_response},
    providers,
};
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Okta event hooks.
    ///
    /// * Signature: none: the provider sends the secret itself in `authorization` or `x-okta-token`, so **the
    ///   body is not protected**.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/eventId`, **not signed**.
    /// * Event type: `body:/data/events/0/eventType`, **not signed**.
    /// * Retries: yes.
    /// * Acknowledge within: 3 s. Otherwise Okta retries once, but not after a 4xx. The
    ///   [lease](crate::WebhookLayer::lease) of claims must expire before this retry, so it is 3 s.
    /// * Handshake: `GET` with `X-Okta-Verification-Challenge`. The layer responds with `{"verification":…}` if
    ///   the request contains the secret.
    /// * Batches: one body can carry several events.
    /// * Configure the event hook with the authentication field `Authorization` or `X-Okta-Token`.
    okta: "okta", "Okta event hooks",
        "https://developer.okta.com/docs/concepts/event-hooks/",
        Scheme::token("authorization").signature_in(["header:authorization", "header:x-okta-token"])
            .id("body:/eventId")
            .event_type("body:/data/events/0/eventType"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(3)),
        lease: Some(Duration::from_secs(3)),
        handshake: Some(HANDSHAKE),
        batch: true;
}

/// Okta's handshake: a `GET` with a challenge in a header. The request contains the secret, like every other
/// request of Okta.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let challenge =
            request.is(&Method::GET).then(|| request.header("x-okta-verification-challenge"))??;
        let is_okta = ["authorization", "x-okta-token"]
            .into_iter()
            .filter_map(|name| request.header(name))
            .fold(false, |any, sent| any | request.is_secret(sent.as_bytes()));
        let challenge = challenge.to_str().ok().filter(|_| is_okta)?;
        Some(json_response(&json!({ "verification": challenge })))
    },
    ..Handshake::NONE
};
