//! Signatures, layers of providers, and requests to them.

pub(crate) use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) use bytes::Bytes;
pub(crate) use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
pub(crate) use http::{HeaderValue, Request, Response, StatusCode};
pub(crate) use http_body_util::{BodyExt, Full};
pub(crate) use sha2::{Digest, Sha256};
pub(crate) use tower::{Layer, ServiceExt, service_fn};
pub(crate) use tower_webhook::{
    Body, BoxError, Delivery, ManualClock, RejectionKind as Kind, Secret, WebhookLayer, provider, testing,
    verify::Verifier,
};

pub(crate) use crate::deliver::{answer, send};

pub(crate) const NOW: u32 = 1_700_000_000;
pub(crate) const URL: &str = "https://hooks.example/in";
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// A payload with characters that forms escape.
pub(crate) const JSON: &str = r#"{"ref":"refs/heads/main","message":"a + b & c = ü"}"#;
/// A secret that is valid in every encoding of a shared secret.
pub(crate) const SECRET: &str = "00112233445566778899aabbccddeeff";
/// A secret of Standard Webhooks.
pub(crate) const WHSEC: &str = "whsec_dGhlIHNlY3JldCBvZiB0aGUgdGVzdCEhISEh";

pub(crate) fn signed_at() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW.into())
}

fn hmac<M: Mac + KeyInit>(key: &[u8], text: impl AsRef<[u8]>) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

pub(crate) fn hmac_sha1(key: &[u8], text: impl AsRef<[u8]>) -> Vec<u8> {
    hmac::<Hmac<sha1::Sha1>>(key, text)
}

pub(crate) fn hmac_sha256(key: &[u8], text: impl AsRef<[u8]>) -> Vec<u8> {
    hmac::<Hmac<Sha256>>(key, text)
}

pub(crate) fn hmac_sha512(key: &[u8], text: impl AsRef<[u8]>) -> Vec<u8> {
    hmac::<Hmac<sha2::Sha512>>(key, text)
}

/// Returns the HMAC-SHA256 in hex.
pub(crate) fn hex(key: &[u8], text: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(&hmac_sha256(key, text))
}

/// Returns the HMAC-SHA256 in base64.
pub(crate) fn base64(key: &[u8], text: impl AsRef<[u8]>) -> String {
    BASE64.encode(&hmac_sha256(key, text))
}

/// Returns the three headers of Standard Webhooks, whose names begin with `prefix`.
pub(crate) fn standard(prefix: &str, id: &str, key: &[u8], body: &str) -> Vec<(String, String)> {
    let signature = base64(key, format!("{id}.{NOW}.{body}"));
    vec![
        (format!("{prefix}-id"), id.to_owned()),
        (format!("{prefix}-timestamp"), NOW.to_string()),
        (format!("{prefix}-signature"), format!("v1,{signature}")),
    ]
}

pub(crate) fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (&**name, &**value)).collect()
}

/// Returns a form with these fields.
pub(crate) fn form<const N: usize>(fields: [(&str, &str); N]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Returns a layer with the provider's verifier, at [`NOW`].
pub(crate) fn layer(provider: &str, secret: &str) -> WebhookLayer {
    layer_with(provider, secret.parse().unwrap())
}

pub(crate) fn layer_with(provider: &str, secret: Secret) -> WebhookLayer {
    let verifier = provider::find(provider).unwrap().verifier(secret).unwrap();
    WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(NOW))
}

pub(crate) fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(url).body(Full::from(body.to_owned())).unwrap();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

pub(crate) fn post(headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    post_to("/webhook", headers, body)
}

pub(crate) fn post_to(url: &str, headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    request("POST", url, headers, body)
}

/// Asserts that the request reaches the handler, and returns its delivery.
pub(crate) async fn accepts(layer: &WebhookLayer, request: Request<Full<Bytes>>) -> Delivery {
    send(layer, request).await.unwrap().expect("the handler ran")
}

/// Returns the kind of the rejection if the request does not reach the handler.
pub(crate) async fn judge(layer: &WebhookLayer, request: Request<Full<Bytes>>) -> Result<(), Kind> {
    send(layer, request).await.map(|delivery| assert!(delivery.is_some(), "the handler did not run"))
}

/// Judges one request to the provider.
pub(crate) async fn judge_post(
    provider: &str,
    secret: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(), Kind> {
    judge(&layer(provider, secret), post(headers, body)).await
}

/// Asserts that the request is accepted, and returns `true` if it is a duplicate.
pub(crate) async fn is_duplicate(layer: &WebhookLayer, request: Request<Full<Bytes>>) -> bool {
    send(layer, request).await.unwrap().is_none()
}

/// Judges a request from Stripe that was signed `at` seconds from now.
pub(crate) async fn judge_stripe(secret: &str, key: &[u8], at: i64) -> Result<(), Kind> {
    let at = i64::from(NOW) + at;
    let signature = format!("t={at},v1={}", hex(key, format!("{at}.{{}}")));
    judge_post("stripe", secret, &[("stripe-signature", &signature)], "{}").await
}
