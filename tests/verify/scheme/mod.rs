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
use http::Request;
use http_body_util::Full;
use serde_json::json;
use tower_webhook::{
    ManualClock, RejectionKind as Kind, Secret, Secrets, WebhookLayer, provider,
    verify::{Algorithm, Encoding, Location, Locations, RequestContext, Scheme, TimeUnit, Verifier},
};

use crate::deliver;

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
    let delivery = deliver::send(&layer.clock(ManualClock::at_unix(NOW)), request).await?;
    Ok(delivery.unwrap().id().unwrap_or_default().to_owned())
}

fn post(headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let request = Request::post("https://hooks.example/in?order=7&token=x");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Full::from(body.to_owned())).unwrap()
}
