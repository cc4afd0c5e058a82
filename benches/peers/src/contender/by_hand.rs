//! What people write who take no crate for it: with care, so the key is prepared once, the body is
//! limited, and signatures are compared in constant time. Nothing is deduped.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{Router, extract::State, routing::post};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, Mac};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full, Limited};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tower::Service;

use crate::delivery::{MIB, Message, mac, now};

/// A verifier function: whether the head's signature is the body's.
pub type Verify = fn(&Hmac<Sha256>, &HeaderMap, &[u8]) -> bool;

pub fn standard(mac: &Hmac<Sha256>, headers: &HeaderMap, body: &[u8]) -> bool {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(id), Some(timestamp), Some(signatures)) =
        (value("webhook-id"), value("webhook-timestamp"), value("webhook-signature"))
    else {
        return false;
    };
    if !timestamp.parse::<u64>().is_ok_and(|sent| sent.abs_diff(now()) <= 300) {
        return false;
    }
    let mut mac = mac.clone();
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    let tag = mac.finalize().into_bytes();
    let candidates = signatures.split(' ').filter_map(|candidate| candidate.strip_prefix("v1,"));
    candidates
        .filter_map(|candidate| BASE64.decode(candidate.as_bytes()).ok())
        .any(|candidate| candidate.ct_eq(&tag).into())
}

pub fn github(mac: &Hmac<Sha256>, headers: &HeaderMap, body: &[u8]) -> bool {
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    let signature =
        signature.and_then(|value| HEXLOWER.decode(value.strip_prefix("sha256=")?.as_bytes()).ok());
    signature.is_some_and(|signature| mac.clone().chain_update(body).verify_slice(&signature).is_ok())
}

/// A tower service around another: it reads the body, asks a verifier function, and passes it on.
#[derive(Clone)]
pub struct Verified<S, V> {
    pub verify: V,
    pub inner: S,
}

impl<S, V, B> Service<Request<B>> for Verified<S, V>
where
    S: Service<Request<Full<Bytes>>, Response = Response<Empty<Bytes>>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    V: Fn(&HeaderMap, &[u8]) -> bool + Clone + Send + Sync + 'static,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (verify, clone) = (self.verify.clone(), self.inner.clone());
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let refused = |status| {
                let mut response = Response::new(Empty::new());
                *response.status_mut() = status;
                Ok(response)
            };
            let (head, body) = request.into_parts();
            let Ok(body) = Limited::new(body, 2 * MIB).collect().await else {
                return refused(StatusCode::PAYLOAD_TOO_LARGE);
            };
            let body = body.to_bytes();
            if !verify(&head.headers, &body) {
                return refused(StatusCode::UNAUTHORIZED);
            }
            inner.call(Request::from_parts(head, Full::new(body))).await
        })
    }
}

/// Verifies with a key that was prepared.
pub fn with_key(verify: Verify) -> impl Fn(&HeaderMap, &[u8]) -> bool + Clone + Send + Sync + 'static {
    let mac = mac();
    move |headers, body| verify(&mac, headers, body)
}

/// An axum handler that does it all.
pub fn in_axum(verify: Verify) -> Router {
    #[derive(Clone)]
    struct Key {
        mac: Hmac<Sha256>,
        verify: Verify,
    }

    async fn on_message(State(key): State<Key>, headers: HeaderMap, body: Bytes) -> StatusCode {
        if !(key.verify)(&key.mac, &headers, &body) {
            return StatusCode::UNAUTHORIZED;
        }
        match serde_json::from_slice::<Message>(&body) {
            Ok(message) => take(message),
            Err(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    Router::new().route("/webhook", post(on_message)).with_state(Key { mac: mac(), verify })
}

pub(crate) fn take<T>(message: T) -> StatusCode {
    drop(std::hint::black_box(message));
    StatusCode::OK
}

/// The handler behind [`Verified`].
pub fn handle_full(
    request: Request<Full<Bytes>>,
) -> std::future::Ready<Result<Response<Empty<Bytes>>, Infallible>> {
    super::handle(request)
}
