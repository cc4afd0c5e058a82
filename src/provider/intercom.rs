use std::time::Duration;

use super::{handshake::REACHABLE, providers};
use crate::verify::{Algorithm::HmacSha1, Attempt, Encoding::Hex, Location, Scheme};

providers! {
    /// Creates a verifier for Intercom.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex with the prefix `sha1=` in `x-hub-signature`.
    /// * Secret: the client secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/topic`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s.
    /// * Handshake: `HEAD`, to which the layer responds with 200
    ///   ([source](https://developers.intercom.com/docs/webhooks/setting-up-webhooks)).
    /// * Requests of the Canvas Kit have the signature in `x-body-signature` instead: HMAC-SHA256 of the body,
    ///   as hex. The layer accepts either.
    intercom: "intercom", "Intercom",
        "https://developers.intercom.com/intercom-api-reference/v1.0/reference/signed-notifications",
        @any_of [
            Scheme::new(HmacSha1, "x-hub-signature", Hex).prefix("sha1="),
            Scheme::hmac_sha256("x-body-signature", Hex),
        ]
        .map(|scheme| scheme.id("body:/id").event_type("body:/topic")),
        handshake: Some(REACHABLE),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        attempt: Some(|| Attempt::Number(Location::json("/delivery_attempts")));
}
