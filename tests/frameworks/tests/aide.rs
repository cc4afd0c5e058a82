//! aide, which describes the routes of an axum router for OpenAPI, and has wrappers for extractors without a
//! description.

use aide::{
    NoApi, UseApi,
    axum::{ApiRouter, routing::post},
    openapi::OpenApi,
};
use axum::Json;
use frameworks::{Order, assert_guarded, listen, webhooks};
use schemars::JsonSchema;
use tokio::net::TcpListener;
use tower_webhook::{Delivery, Event};

/// The OpenAPI description of [`Order`].
#[derive(JsonSchema)]
struct DescribedOrder {
    #[expect(dead_code, reason = "it is in the schema")]
    number: u32,
}

async fn on_order(_: NoApi<Delivery>, order: UseApi<Event<Order>, Json<DescribedOrder>>) -> String {
    format!("order {}", order.number)
}

#[tokio::test]
async fn wrapped_extractors() {
    let mut api = OpenApi::default();
    let app = ApiRouter::new().api_route("/webhook", post(on_order).layer(webhooks())).finish_api(&mut api);
    let api = serde_json::to_value(&api).unwrap();
    assert!(api["paths"]["/webhook"]["post"]["requestBody"]["content"]["application/json"].is_object());
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async { axum::serve::<_, axum::Router, _>(listener, app).await.unwrap() });
    assert_guarded(address).await;
}
