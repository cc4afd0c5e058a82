//! Requests of the known answers, with bodies in frames of one byte.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use serde_json::Value;
use tower_webhook::{Delivery, ManualClock, RejectionKind, Secret, WebhookLayer, provider, verify::Verifier};

use crate::{
    answers::answers_of,
    deliver,
    judge::{body, text},
};

/// A body in frames of one byte.
pub(super) struct ByteByByte(Bytes);

impl http_body::Body for ByteByByte {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = (!self.0.is_empty()).then(|| self.0.split_to(1));
        Poll::Ready(next.map(|byte| Ok(Frame::data(byte))))
    }
}

pub(super) fn known(id: &str) -> Value {
    // The id is that of the provider, with a number.
    let (provider, _) = id.rsplit_once('-').unwrap();
    answers_of(provider).into_iter().find(|vector| vector["id"] == id).unwrap()
}

pub(super) fn secret(vector: &Value) -> Secret {
    text(&vector["secret"]).parse().unwrap()
}

pub(super) fn provider_of(vector: &Value) -> WebhookLayer {
    let provider = provider::find(text(&vector["provider"])).unwrap();
    layer_of(provider.verifier(secret(vector)).unwrap(), vector)
}

/// Returns a layer whose clock is set to the vector's time.
pub(super) fn layer_of(verifier: impl Verifier, vector: &Value) -> WebhookLayer {
    let clock = ManualClock::at_unix(vector["now_unix"].as_u64().unwrap_or(1_700_000_000) as u32);
    WebhookLayer::with_verifier(verifier).clock(clock)
}

/// Returns a vector's request without its body.
pub(super) fn request(vector: &Value) -> Request<()> {
    let headers = vector["headers"].as_object().unwrap();
    let request = Request::post(text(&vector["url"]));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, text(value)));
    request.body(()).unwrap()
}

/// Sends the request with the vector's body.
pub(super) async fn send(
    layer: WebhookLayer,
    vector: &Value,
    request: Request<()>,
) -> Result<Option<Delivery>, RejectionKind> {
    deliver::send(&layer, request.map(|()| ByteByByte(body(vector)))).await
}

pub(super) fn at(seconds: u64) -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}
