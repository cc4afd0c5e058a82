use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Request};
use http_body_util::Full;
use sha2::Sha256;
use tower_webhook::Secret;

/// The secret of the Standard Webhooks specification's own examples.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The time of the tests, which they set on the layer's clock.
pub const NOW: u32 = 1_700_000_000;

/// A request as a provider sends it. Its path is relative: the client knows the server.
pub type Sent = Request<Full<Bytes>>;

pub fn secret() -> Secret {
    SECRET.parse().unwrap()
}

/// Returns a delivery signed with Standard Webhooks at [`NOW`].
pub fn signed(id: &str, body: impl Into<Bytes>) -> Sent {
    signed_at(NOW, id, body)
}

pub fn signed_at(at: u32, id: &str, body: impl Into<Bytes>) -> Sent {
    signed_with(SECRET, at, id, body)
}

pub fn signed_with(secret: &str, at: u32, id: &str, body: impl Into<Bytes>) -> Sent {
    let body = body.into();
    let headers = standard_headers(secret, at, id, &body);
    with_headers(body, headers)
}

/// Returns a delivery signed as GitHub does.
pub fn github(secret: &str, id: &str, event: &str, body: impl Into<Bytes>) -> Sent {
    let body = body.into();
    let signature = format!("sha256={}", HEXLOWER.encode(&mac(secret.as_bytes(), &[&body])));
    let mut headers = HeaderMap::new();
    headers.insert("x-github-delivery", id.parse().unwrap());
    headers.insert("x-github-event", event.parse().unwrap());
    headers.insert("x-hub-signature-256", signature.parse().unwrap());
    with_headers(body, headers)
}

/// Returns an unsigned request.
pub fn post(body: impl Into<Bytes>) -> Sent {
    with_headers(body.into(), HeaderMap::new())
}

/// Returns the three headers of Standard Webhooks.
pub fn standard_headers(secret: &str, at: u32, id: &str, body: &[u8]) -> HeaderMap {
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    let at = at.to_string();
    let tag = BASE64.encode(&mac(&key, &[id.as_bytes(), b".", at.as_bytes(), b".", body]));
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", id.parse().unwrap());
    headers.insert("webhook-timestamp", at.parse().unwrap());
    headers.insert("webhook-signature", format!("v1,{tag}").parse().unwrap());
    headers
}

fn with_headers(body: Bytes, headers: HeaderMap) -> Sent {
    let mut request = Request::post("/orders").body(Full::new(body)).unwrap();
    request.headers_mut().extend(headers);
    request
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}
