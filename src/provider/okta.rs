use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{
    handshake::{Handshake, json_response},
    providers,
};
use crate::verify::Scheme;

providers! {
    /// The secret itself in `Authorization` or `X-Okta-Token`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * Retries: yes.
    /// * Acknowledge within: 3 s. One retry otherwise, but none after a 4xx. So the
    ///   [lease](crate::WebhookLayer::lease) of claims (with [`dedupe_by`](crate::WebhookLayer::dedupe_by)) is 3
    ///   s.
    /// * Handshake: `GET` with `X-Okta-Verification-Challenge`, answered `{"verification":…}` if it has the
    ///   secret, which Okta sends with every request.
    /// * The secret itself is sent in `Authorization`, or in `X-Okta-Token` if the hook is configured with that
    ///   name: **it does not protect the body**.
    okta: "okta", "Okta event hooks",
        "https://developer.okta.com/docs/concepts/event-hooks/",
        Scheme::token("authorization").signature_in(["header:authorization", "header:x-okta-token"]),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(3)),
        lease: Some(Duration::from_secs(3)),
        handshake: Some(HANDSHAKE);
}

/// Okta: `GET` with a challenge in a header, and the secret in the same place as in other requests.
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
