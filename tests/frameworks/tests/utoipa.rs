//! utoipa-axum, which describes the routes of an axum router for OpenAPI.

use axum::Router;
use frameworks::{Order, assert_guarded, listen, webhooks};
use tokio::net::TcpListener;
use tower_webhook::{Delivery, Event};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

#[utoipa::path(post, path = "/webhook", responses((status = OK, body = String)))]
async fn on_order(_: Delivery, order: Event<Order>) -> String {
    format!("order {}", order.number)
}

#[tokio::test]
async fn routes() {
    let (app, api): (Router, _) =
        OpenApiRouter::new().routes(routes!(on_order).layer(webhooks())).split_for_parts();
    assert!(api.paths.paths["/webhook"].post.is_some());
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    assert_guarded(address).await;
}
