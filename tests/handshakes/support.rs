//! Requests, and the layer's reaction to them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use sha2::Sha256;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, ManualClock, Outcome, OutcomeKind, Rejection, RejectionKind as Kind, Secret, Secrets,
    WebhookLayer, provider, testing::Outcomes,
};

pub(crate) const NOW: u32 = 1_760_000_000;
pub(crate) const URL: &str = "https://receiver.example/webhook";

pub(crate) fn secret(text: &str) -> Secret {
    text.parse().unwrap()
}

pub(crate) fn layer(provider: &str, secrets: impl Into<Secrets>) -> WebhookLayer {
    let provider = provider::find(provider).unwrap_or_else(|| panic!("provider {provider} is unknown"));
    WebhookLayer::with_verifier(provider.verifier(secrets).unwrap())
}

/// The layer's reaction to a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// A response of the layer: the status, the content type, and the body.
    Answered(u16, String, String),
    Handled,
    Rejected(Kind),
}

/// Returns a response in plain text.
pub(crate) fn text(body: &str) -> Found {
    Found::Answered(200, "text/plain; charset=utf-8".into(), body.into())
}

/// Returns a response in JSON.
pub(crate) fn object(value: Value) -> Found {
    Found::Answered(200, "application/json".into(), value.to_string())
}

pub(crate) fn nothing(status: u16) -> Found {
    Found::Answered(status, String::new(), String::new())
}

pub(crate) const MISSING: Found = Found::Rejected(Kind::MissingSignature);
pub(crate) const WRONG: Found = Found::Rejected(Kind::WrongSignature);

/// Sends the request to a layer with the secret `secret`.
pub(crate) async fn ask_provider(provider: &str, request: Request<Full<Bytes>>) -> Found {
    ask(layer(provider, secret("secret")), request).await
}

pub(crate) async fn ask(layer: WebhookLayer, request: Request<Full<Bytes>>) -> Found {
    ask_whole(layer, request).await.0
}

/// Sends the request like [`ask`], and also returns the response. Asserts that the outcome, the response and the calls
/// of the handler agree.
pub(crate) async fn ask_whole(layer: WebhookLayer, request: Request<Full<Bytes>>) -> (Found, Response<()>) {
    let (outcomes, calls) = (Outcomes::new(), Arc::new(AtomicUsize::new(0)));
    let called = Arc::clone(&calls);
    let handler = service_fn(move |_: Request<Body>| {
        called.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, BoxError>(Response::new(Full::<Bytes>::from("handled"))) }
    });
    let layer = layer.clock(ManualClock::at_unix(NOW)).on_outcome(outcomes.listener());
    let service = layer.layer(handler);
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let outcomes: Vec<_> = outcomes.take().iter().map(Outcome::kind).collect();
    let found = match (&*outcomes, calls.load(Ordering::Relaxed), head.extensions.get::<Rejection>()) {
        ([OutcomeKind::Rejected], 0, Some(rejection)) => {
            assert_eq!(head.status, StatusCode::UNAUTHORIZED);
            Found::Rejected(rejection.kind())
        }
        ([OutcomeKind::Accepted], 1, None) => Found::Handled,
        ([OutcomeKind::Handshake], 0, None) => {
            let header = |name| head.headers.get(name).map_or("", |value| value.to_str().unwrap());
            let content_type = header("content-type").to_owned();
            assert_eq!(header("x-content-type-options"), if body.is_empty() { "" } else { "nosniff" });
            Found::Answered(head.status.as_u16(), content_type, body)
        }
        other => panic!("{other:?}"),
    };
    (found, Response::from_parts(head, ()))
}

pub(crate) fn request(
    method: &Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(url);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Full::from(body.to_owned())).unwrap()
}

pub(crate) fn get(query: &str) -> Request<Full<Bytes>> {
    request(&Method::GET, &format!("{URL}?{query}"), &[], "")
}

pub(crate) fn hmac<M: Mac + KeyInit>(key: &str, text: &str) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    data_encoding::BASE64.encode(bytes)
}

/// Returns a request of a provider, signed with the secret `secret`.
pub(crate) fn signed(provider: &str, extra: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    signed_with("secret", provider, extra, body)
}

pub(crate) fn signed_with(
    key: &str,
    provider: &str,
    extra: &[(&str, &str)],
    body: &str,
) -> Request<Full<Bytes>> {
    let sign = |text: String| hmac::<Hmac<Sha256>>(key, &text);
    let own = match provider {
        "slack" => vec![
            ("x-slack-request-timestamp", NOW.to_string()),
            ("x-slack-signature", format!("v0={}", hex(&sign(format!("v0:{NOW}:{body}"))))),
        ],
        "zoom" => vec![
            ("x-zm-request-timestamp", NOW.to_string()),
            ("x-zm-signature", format!("v0={}", hex(&sign(format!("v0:{NOW}:{body}"))))),
        ],
        "twitch" => {
            let sent = "2025-10-09T08:53:20Z";
            let signature = hex(&sign(format!("id{sent}{body}")));
            vec![
                ("twitch-eventsub-message-id", "id".to_owned()),
                ("twitch-eventsub-message-timestamp", sent.to_owned()),
                ("twitch-eventsub-message-signature", format!("sha256={signature}")),
            ]
        }
        "front" => vec![
            ("x-front-request-timestamp", format!("{NOW}000")),
            ("x-front-signature", base64(&sign(format!("{NOW}000:{body}")))),
        ],
        "smartcar" => vec![("sc-signature", hex(&sign(body.to_owned())))],
        "azure-eventgrid" => Vec::new(),
        other => panic!("{other}"),
    };
    let url = match provider {
        "azure-eventgrid" => format!("{URL}?access_token={key}"),
        _ => URL.to_owned(),
    };
    let headers: Vec<_> =
        own.iter().map(|(name, value)| (*name, &**value)).chain(extra.iter().copied()).collect();
    request(&Method::POST, &url, &headers, body)
}
