//! axum 0.7. The crate's extractors implement the traits of axum 0.8, so handlers read the request extensions.

use axum_0_7 as axum;

use axum::{Extension, Router, routing::post};
use frameworks::{Order, assert_guarded, listen, webhooks};
use tokio::net::TcpListener;
use tower_webhook::{Delivery, Event};

async fn on_order(delivery: Extension<Delivery>, order: Extension<Event<Order>>) -> String {
    assert!(delivery.id().is_some());
    format!("order {}", order.number)
}

#[tokio::test]
async fn extensions() {
    let app = Router::new().route("/webhook", post(on_order).layer(webhooks()));
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    assert_guarded(address).await;
}
