use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

use super::{
    by_hand::JsonObject,
    handshake::{Handshake, UnsignedPost, empty_response},
    providers,
};
use crate::verify::{Attempt::Number, Encoding::Hex, Location, Scheme};

providers! {
    /// Creates a verifier for Bitbucket Cloud.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-request-uuid`, **not signed**.
    /// * Event type: `header:x-event-key`, **not signed**.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    /// * `X-Attempt-Number` is the number of the attempt, starting at 1
    ///   ([source](https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/)).
    bitbucket: "bitbucket", "Bitbucket Cloud",
        "https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-uuid")
            .event_type("header:x-event-key"),
        attempt: Some(|| Number(Location::header("x-attempt-number"))),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true);

    /// Creates a verifier for Bitbucket Server / Data Center.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-request-id`, **not signed**.
    /// * Event type: `header:x-event-key`, **not signed**.
    /// * Handshake: the unsigned request of "Test connection", which has the body `{"test": true}` and the event
    ///   key `diagnostics:ping`. The layer responds with an empty 200.
    bitbucket_server: "bitbucket-server", "Bitbucket Server / Data Center",
        "https://confluence.atlassian.com/bitbucketserver/manage-webhooks-938025878.html",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-id")
            .event_type("header:x-event-key"),
        handshake: Some(SERVER_HANDSHAKE);
}

/// Bitbucket Server's "Test connection": `{"test": true}`.
const SERVER_HANDSHAKE: Handshake = Handshake {
    unsigned_post: Some(UnsignedPost {
        has_head: |request| request.header("x-event-key").is_some_and(|key| key == "diagnostics:ping"),
        response: |_, body| {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Test {
                test: bool,
            }
            let JsonObject(Test { test }) = serde_json::from_slice(body).ok()?;
            test.then(|| empty_response(StatusCode::OK))
        },
    }),
    ..Handshake::NONE
};
