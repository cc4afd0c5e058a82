//! `Scheme`: its settings, and the requests that it accepts.

mod ambiguity;
mod building;
mod forms;
mod json;
mod locations;
mod profile;
mod signed_content;
mod urls;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, ManualClock, Rejection, RejectionKind as Kind, Secret, Secrets, WebhookLayer,
    provider,
    verify::{Algorithm, Encoding, Location, Locations, Scheme, TimeUnit, Verifier},
};

const NOW: u32 = 1_700_000_000;

fn secret(text: &str) -> Secret {
    text.parse().unwrap()
}

/// Returns the HMAC-SHA256 of `text` with the key `secret`, in hex.
fn tag(text: impl AsRef<[u8]>) -> String {
    use hmac::{KeyInit, Mac};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(text.as_ref());
    data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// Sends a request. Returns the delivery's id, empty if it has none, or the kind of the rejection.
async fn send(
    scheme: &Scheme,
    secrets: impl Into<Secrets>,
    request: Request<Full<Bytes>>,
) -> Result<String, Kind> {
    let layer = WebhookLayer::with_verifier(scheme.verifier("acme", secrets).unwrap());
    send_through(layer, request).await
}

/// Sends `{}` with this signature.
async fn send_signature(scheme: &Scheme, signature: &str) -> Result<String, Kind> {
    send(scheme, secret("secret"), post(&[("x-signature", signature)], "{}")).await
}

async fn send_through(layer: WebhookLayer, request: Request<Full<Bytes>>) -> Result<String, Kind> {
    let service = layer.clock(ManualClock::at_unix(NOW)).layer(service_fn(async |request: Request<Body>| {
        let id = request.extensions().get::<Delivery>().unwrap().id().unwrap_or_default().to_owned();
        Ok::<_, BoxError>(Response::builder().header("x-id", id).body(Full::<Bytes>::default()).unwrap())
    }));
    let response = service.oneshot(request).await.unwrap();
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Err(rejection.kind()),
        None => Ok(response.headers()["x-id"].to_str().unwrap().to_owned()),
    }
}

fn post(headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let request = Request::post("https://hooks.example/in?order=7&token=x");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Full::from(body.to_owned())).unwrap()
}
