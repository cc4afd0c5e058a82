use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::{
    handshake::{Handshake, UnsignedPost, json_response, short_body_with},
    providers,
};
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds, scan};

providers! {
    /// Creates a verifier for Statsig.
    ///
    /// * Signature: HMAC-SHA256 of `v0:{ts}:{body}`, as hex with the prefix `v0=` in `x-statsig-signature`.
    /// * Secret: the signing secret of the integration, as text.
    /// * Delivery id: none.
    /// * Timestamp: `header:x-statsig-request-timestamp`; tolerance 300 s.
    /// * Handshake: a `POST` whose `data.event` is `url_verification`, unsigned or signed. The layer echoes
    ///   `data.verification_code` to any client
    ///   ([source](https://github.com/getsentry/sentry/blob/HEAD/src/sentry/flags/endpoints/hooks.py)).
    /// * Batches: one body can carry several events.
    statsig: "statsig", "Statsig",
        "https://docs.statsig.com/integrations/event_webhook",
        Scheme::hmac_sha256("x-statsig-signature", Hex)
            .prefix("v0=")
            .timestamp("header:x-statsig-request-timestamp", Milliseconds)
            .signs("v0:{ts}:{body}"),
        batch: true,
        handshake: Some(HANDSHAKE);
}

/// Statsig's handshake: `{"data": {"event": "url_verification", "verification_code": …}}`.
const HANDSHAKE: Handshake = Handshake {
    signed: |_, body| response(body),
    unsigned_post: Some(UnsignedPost {
        has_head: |request| !request.head().headers.contains_key("x-statsig-signature"),
        response: |_, body| response(&Bytes::copy_from_slice(body)),
    }),
    ..Handshake::NONE
};

fn response(body: &Bytes) -> Option<Response<Bytes>> {
    let body = short_body_with(body, "/data/event", "url_verification")?;
    let code = scan(body, "/data/verification_code")?;
    Some(json_response(&json!({ "verification_code": code })))
}
