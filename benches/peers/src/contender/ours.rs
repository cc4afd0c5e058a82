//! `tower-webhook`.

use axum::{Router, routing::post};
use http::StatusCode;
use tower::{Layer, service_fn};
use tower_webhook::{Delivery, Event, WebhookLayer, WebhookService, provider};

use super::{by_hand::take, handle};
use crate::delivery::{KEY, Message, Scheme, standard_secret};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dedupe {
    Off,
    InMemory,
}

/// Returns the layer in front of a handler, as a tower service.
pub fn ours(
    scheme: Scheme,
    dedupe: Dedupe,
    typed: bool,
) -> WebhookService<tower::util::ServiceFn<impl Fn(http::Request<tower_webhook::Body>) -> Answer + Clone>> {
    let layer = layer(scheme, dedupe);
    let layer = if typed { layer.json::<Message>() } else { layer };
    layer.layer(service_fn(handle::<tower_webhook::Body>))
}

type Answer =
    std::future::Ready<Result<http::Response<http_body_util::Empty<bytes::Bytes>>, std::convert::Infallible>>;

/// Returns an axum router with the layer on its route and a typed payload.
pub fn in_axum(layer: WebhookLayer) -> Router {
    async fn on_message(delivery: Delivery, message: Event<Message>) -> StatusCode {
        take((delivery, message))
    }
    Router::new().route("/webhook", post(on_message).layer(layer.json::<Message>()))
}

pub fn layer(scheme: Scheme, dedupe: Dedupe) -> WebhookLayer {
    let layer = match scheme {
        Scheme::Standard => WebhookLayer::new(standard_secret().parse::<tower_webhook::Secret>().unwrap()),
        Scheme::Github => {
            WebhookLayer::with_verifier(provider::github(KEY.parse::<tower_webhook::Secret>().unwrap()))
        }
    };
    match dedupe {
        Dedupe::Off => layer.without_dedupe(),
        Dedupe::InMemory => layer,
    }
}
