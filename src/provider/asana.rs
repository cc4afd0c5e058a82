use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::{
    handshake::{Handshake, HandshakeRequest, empty_response},
    providers,
};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Hook-Signature`, hex.
    ///
    /// * Secret: the `X-Hook-Secret` in the response to the call that created the webhook, UTF-8. Each webhook
    ///   has its own.
    /// * Delivery id: none. Bodies without events are heartbeats.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s. Otherwise retries for up to 24 hours.
    /// * Handshake: `POST` with `X-Hook-Secret`, which is said back if the URL that Asana was given has the
    ///   [`verify_token`](crate::WebhookLayer::verify_token) in it, as `?verify_token=<token>`, and never
    ///   reaches the handler. The layer does not adopt the secret, because the handshake is unsigned. Use any
    ///   other secret until the first webhook exists, or look the secret up with
    ///   [`with_lookup`](crate::WebhookLayer::with_lookup).
    /// * Batches: one body can carry several events.
    asana: "asana", "Asana",
        "https://developers.asana.com/docs/webhooks-guide",
        Scheme::hmac_sha256("x-hook-signature", Hex),
        batch: true,
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(10)),
        handshake: Some(HANDSHAKE);
}

/// Asana: `POST` with the future signing secret, echoed if the verify token matches. The secret is not
/// adopted, because the sender is unverified, and the API returns it to the webhook's creator as well.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let secret = new_secret(request)?;
        request.knows_token(TOKEN).then(|| {
            let mut response = empty_response(StatusCode::OK);
            response.headers_mut().insert(HeaderName::from_static("x-hook-secret"), secret.clone());
            response
        })
    },
    token: |request| new_secret(request).map(|_| TOKEN),
    ..Handshake::NONE
};

const TOKEN: &str = "verify_token";

fn new_secret<'a>(request: &HandshakeRequest<'a>) -> Option<&'a HeaderValue> {
    let secret = request.is(&Method::POST).then(|| request.header("x-hook-secret"))??;
    let is_short = (1..=256).contains(&secret.len());
    let is_delivery = request.head().headers.contains_key("x-hook-signature");
    (is_short && !is_delivery).then_some(secret)
}
