//! axum-server, which serves an axum router.

use axum::{Router, routing::post};
use frameworks::{Order, assert_guarded, listen, webhooks};
use tower_webhook::{Delivery, Event};

async fn on_order(_: Delivery, order: Event<Order>) -> String {
    format!("order {}", order.number)
}

#[tokio::test]
async fn router() {
    let app = Router::new().route("/webhook", post(on_order).layer(webhooks()));
    let (listener, address) = listen();
    let server = axum_server::from_tcp(listener).unwrap().serve(app.into_make_service());
    tokio::spawn(async { server.await.unwrap() });
    assert_guarded(address).await;
}
