use http::Method;

use super::{
    handshake::{Handshake, echo},
    providers,
};
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Worldline Connect and Direct.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-gcs-signature`.
    /// * Secret: the secret key of the webhooks, as text. The layer tries every configured key, and ignores
    ///   `X-GCS-KeyId`.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Handshake: `GET` with `X-GCS-Webhooks-Endpoint-Verification`. The layer echoes the header's value to
    ///   any client ([source](https://docs.connect.worldline-solutions.com/documentation/webhooks)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all endpoints of a merchant share the key.
    worldline: "worldline", "Worldline Connect and Direct",
        "https://docs.connect.worldline-solutions.com/documentation/webhooks/event-structure/",
        Scheme::hmac_sha256("x-gcs-signature", Base64)
            .id("body:/id")
            .event_type("body:/type"),
        shared_secret: true,
        handshake: Some(HANDSHAKE);
}

/// Worldline's handshake: a `GET` with a challenge in a header.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let challenge =
            request.is(&Method::GET).then(|| request.header("x-gcs-webhooks-endpoint-verification"))??;
        echo(challenge.to_str().ok()?)
    },
    ..Handshake::NONE
};
