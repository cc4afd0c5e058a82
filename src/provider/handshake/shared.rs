//! Handshakes that several providers perform, and helpers for their responses.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};

use super::{Handshake, HandshakeRequest, echo, empty_response};
use crate::verify::scan;

/// A handshake that echoes the challenge of `GET ?challenge=…`, for Adobe I/O, Dropbox and Nylas.
pub(in crate::provider) const CHALLENGE: Handshake = Handshake {
    unsigned: |request| {
        let challenge = request.is(&Method::GET).then(|| request.query("challenge"))??;
        echo(&challenge)
    },
    ..Handshake::NONE
};

/// A handshake that responds to `HEAD` with 200, for providers that check whether the endpoint is reachable.
pub(in crate::provider) const REACHABLE: Handshake = Handshake {
    unsigned: |request| request.is(&Method::HEAD).then(|| empty_response(StatusCode::OK)),
    ..Handshake::NONE
};

/// A handshake for Asana and Clio: a `POST` with the future signing secret, which the layer echoes if the
/// verify token matches. The layer does not adopt the secret, because the request is not verified. The API
/// also returns the secret to the webhook's creator.
pub(in crate::provider) const HOOK_SECRET: Handshake = Handshake {
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

/// Returns the body if it is short and has `value` at `pointer`.
pub(in crate::provider) fn short_body_with<'b>(
    body: &'b Bytes,
    pointer: &str,
    value: &str,
) -> Option<&'b Bytes> {
    short_body(body).filter(|body| scan(body, pointer).is_some_and(|found| *found == *value))
}

/// Returns the body if it is short enough for a handshake, so that large events are not scanned.
pub(in crate::provider) fn short_body(body: &Bytes) -> Option<&Bytes> {
    const MAX: usize = 4096;
    (body.len() <= MAX).then_some(body)
}

/// Returns the response to the `OPTIONS` request of CloudEvents, if the request contains the secret.
pub(in crate::provider) fn permission_to_send(request: &HandshakeRequest<'_>) -> Option<Response<Bytes>> {
    // A DNS name with an optional port.
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:".contains(byte);
    permission_for(request, |origin| {
        let is_name = (1..=255).contains(&origin.len()) && origin.as_bytes().iter().all(is_part);
        is_name && bearer(request).is_some_and(|sent| request.is_secret(&sent))
    })
}

/// Returns the response to the `OPTIONS` request of CloudEvents, if `is_permitted` accepts the origin.
pub(in crate::provider) fn permission_for(
    request: &HandshakeRequest<'_>,
    is_permitted: impl FnOnce(&HeaderValue) -> bool,
) -> Option<Response<Bytes>> {
    const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
    const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");
    let origin = request.is(&Method::OPTIONS).then(|| request.header("webhook-request-origin"))??;
    is_permitted(origin).then(|| {
        let mut response = empty_response(StatusCode::OK);
        let headers = response.headers_mut();
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        headers.insert(ALLOWED_ORIGIN, origin.clone());
        headers.insert(ALLOWED_RATE, HeaderValue::from_static("*"));
        response
    })
}

/// Returns the OAuth 2.0 bearer token of a request, from `authorization` or from the query.
pub(in crate::provider) fn bearer<'a>(request: &HandshakeRequest<'a>) -> Option<Cow<'a, [u8]>> {
    if let Some(value) = request.header("authorization") {
        let (scheme, token) = value.as_bytes().split_at_checked(7)?;
        return scheme.eq_ignore_ascii_case(b"bearer ").then_some(Cow::Borrowed(token));
    }
    Some(match request.query("access_token")? {
        Cow::Borrowed(token) => Cow::Borrowed(token.as_bytes()),
        Cow::Owned(token) => Cow::Owned(token.into_bytes()),
    })
}
