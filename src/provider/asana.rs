use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::{
    handshake::{Handshake, HandshakeRequest, empty_response},
    providers,
};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Asana.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-hook-signature`.
    /// * Secret: the `X-Hook-Secret` that Asana sends in the handshake and returns to the webhook's creator, as
    ///   text. Each webhook has its own secret.
    /// * Delivery id: none. A body without events is a heartbeat.
    /// * Retries: yes, for up to 1 day ([source](https://developers.asana.com/docs/webhooks-guide)).
    /// * Acknowledge within: 10 s. Otherwise Asana retries for up to 24 hours.
    /// * Handshake: `POST` with `X-Hook-Secret`. If the query parameter `verify_token` equals the layer's
    ///   [`verify_token`](crate::WebhookLayer::verify_token), the layer echoes the header and does not call the
    ///   handler. Register the webhook with this parameter in its URL. The layer does not adopt the secret in
    ///   the header, because the handshake is not signed. Until the first webhook exists, configure a
    ///   placeholder secret. Instead of configuring the secrets, you can look up the secret of each webhook: see
    ///   [`with_lookup`](crate::WebhookLayer::with_lookup).
    /// * Batches: one body can carry several events.
    asana: "asana", "Asana",
        "https://developers.asana.com/docs/webhooks-guide",
        Scheme::hmac_sha256("x-hook-signature", Hex),
        batch: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(10)),
        handshake: Some(HANDSHAKE);
}

/// Asana's handshake: a `POST` with the future signing secret, which the layer echoes if the verify token
/// matches. The layer does not adopt the secret, because the request is not verified. The API also returns
/// the secret to the webhook's creator.
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
