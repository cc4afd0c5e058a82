//! `tower-webhook`.

use axum::{Router, routing::post};
use http::StatusCode;
use tower_webhook::{Delivery, Event, Secret, WebhookLayer, provider};

use super::by_hand::take;
use crate::delivery::{KEY, Message, Scheme, standard_secret};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dedupe {
    Off,
    InMemory,
}

/// Returns an axum router with the layer on its route and a typed payload.
pub fn in_axum(layer: WebhookLayer) -> Router {
    async fn on_message(delivery: Delivery, message: Event<Message>) -> StatusCode {
        take((delivery, message))
    }
    Router::new().route("/webhook", post(on_message).layer(layer.json::<Message>()))
}

pub fn layer(scheme: Scheme, dedupe: Dedupe) -> WebhookLayer {
    let layer = match scheme {
        Scheme::Standard => WebhookLayer::new(standard_secret().parse::<Secret>().unwrap()),
        Scheme::Github => WebhookLayer::with_verifier(provider::github(KEY.parse::<Secret>().unwrap())),
    };
    match dedupe {
        Dedupe::Off => layer.without_dedupe(),
        Dedupe::InMemory => layer,
    }
}
