//! A minimal layer. The difference from `tower-webhook` is the cost of what the minimal layer lacks.
//!
//! The layer boxes the future and the body, so that the body of a rejected request can be drained. It hashes frames
//! as they arrive, and compares one decoded candidate in constant time. It puts the delivery in an `Arc` in the
//! extensions, and passes the body on as one frame. It has no deadline, buffer budget, second secret, configurable
//! scheme, timestamp, detailed rejections or observability, and it does not catch panics.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{Empty, Full};
use sha2::Sha256;
use tower::Service;

use crate::delivery::{MIB, mac};

pub fn around<S>(inner: S) -> Least<S> {
    Least { mac: Arc::new(mac()), inner }
}

#[derive(Clone)]
pub struct Least<S> {
    mac: Arc<Hmac<Sha256>>,
    inner: S,
}

/// The data for the handler: id, event type and body.
#[derive(Clone)]
#[expect(dead_code, reason = "the handler does not read it")]
struct Delivered(Arc<(Option<HeaderValue>, Option<HeaderValue>, Bytes)>);

impl<S, B> Service<Request<B>> for Least<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<Empty<Bytes>>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (key, clone) = (Arc::clone(&self.mac), self.inner.clone());
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let (mut head, body) = request.into_parts();
        Box::pin(async move {
            let rejected = || {
                let mut response = Response::new(Empty::new());
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                Ok(response)
            };
            let signature = head.headers.get("x-hub-signature-256").and_then(|it| it.to_str().ok());
            let signature =
                signature.and_then(|it| HEXLOWER.decode(it.strip_prefix("sha256=")?.as_bytes()).ok());
            let Some(signature) = signature else { return rejected() };
            let mut mac = Hmac::<Sha256>::clone(&key);
            let mut body = Box::pin(body);
            let mut payload = Bytes::new();
            while let Some(Ok(frame)) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
                let Ok(data) = frame.into_data() else { continue };
                if payload.len() + data.len() > 2 * MIB {
                    return rejected();
                }
                mac.update(&data);
                payload = if payload.is_empty() { data } else { [payload, data].concat().into() };
            }
            if mac.verify_slice(&signature).is_err() {
                return rejected();
            }
            let header = |name| head.headers.get(name).cloned();
            let known = (header("x-github-delivery"), header("x-github-event"), payload.clone());
            head.extensions.insert(Delivered(Arc::new(known)));
            inner.call(Request::from_parts(head, Full::new(payload))).await
        })
    }
}
