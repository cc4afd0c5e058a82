//! Shared parts of the programs in `tests/`: the layer, the deliveries, and the responses that every framework must
//! return.

/// The programs in the guide's chapter on frameworks.
#[cfg(doctest)]
#[doc = include_str!("../../../src/guide/hosts.md")]
mod guide {}

use std::net::{SocketAddr, TcpListener};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde::Deserialize;
use tower_webhook::{Secret, WebhookLayer, provider, testing};

const PAYLOAD: &str = r#"{"number":7}"#;

/// The body of the response to [`PAYLOAD`].
pub const HANDLED: &str = "order 7";

/// The payload of the deliveries.
#[derive(Clone, Debug, Deserialize)]
pub struct Order {
    /// The number in [`HANDLED`].
    pub number: u32,
}

/// Returns the layer of every program.
pub fn webhooks() -> WebhookLayer {
    WebhookLayer::with_verifier(provider::github(secret("a secret"))).json::<Order>()
}

fn secret(text: &str) -> Secret {
    text.parse().unwrap()
}

/// Returns a listener on a free port, and its address.
pub fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Asserts that the server at `address` handles a delivery once and rejects a forged one.
pub async fn assert_guarded(address: SocketAddr) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    assert_guarded_by(async |delivery| {
        let (mut head, body) = delivery.into_parts();
        head.uri = format!("http://{address}{}", head.uri).parse().unwrap();
        let response = client.request(Request::from_parts(head, Full::new(body))).await.unwrap();
        let (head, body) = response.into_parts();
        Response::from_parts(head, body.collect().await.unwrap().to_bytes())
    })
    .await;
}

/// Asserts that the server behind `send` handles a delivery once and rejects a forged one.
pub async fn assert_guarded_by(send: impl AsyncFn(Request<Bytes>) -> Response<Bytes>) {
    let delivery = signed_with("a secret");
    let handled = send(delivery.clone()).await;
    assert_eq!((handled.status(), &handled.body()[..]), (StatusCode::OK, HANDLED.as_bytes()));
    assert!(!handled.headers().contains_key("x-webhook-duplicate"));

    let duplicate = send(delivery).await;
    assert_eq!((duplicate.status(), &duplicate.body()[..]), (StatusCode::OK, &b""[..]));
    assert_eq!(duplicate.headers()["x-webhook-duplicate"], "true");

    let forged = send(signed_with("another secret")).await;
    assert_eq!((forged.status(), &forged.body()[..]), (StatusCode::UNAUTHORIZED, &b"wrong signature"[..]));
}

fn signed_with(text: &str) -> Request<Bytes> {
    let request = Request::post("/webhook").header("content-type", "application/json").body(PAYLOAD).unwrap();
    testing::sign(&provider::github(secret(text)), request).unwrap()
}
