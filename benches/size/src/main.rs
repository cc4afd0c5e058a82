//! An axum service that receives orders: with the feature `layer` behind the layer, otherwise without verification.

use std::error::Error;

use axum::{Router, http::StatusCode, routing::post};
use serde::Deserialize;
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct Order {
    id: u64,
}

fn handle(order: &Order) -> StatusCode {
    println!("order {}", order.id);
    StatusCode::NO_CONTENT
}

#[cfg(feature = "layer")]
fn app() -> Result<Router, Box<dyn Error>> {
    use tower_webhook::{Event, Secret, WebhookLayer, provider};

    let secret = Secret::from_env("WEBHOOK_SECRET")?;
    let layer = WebhookLayer::with_verifier(provider::shopify(secret)).json::<Order>();
    let handler = post(async |order: Event<Order>| handle(&order));
    Ok(Router::new().route("/webhook", handler.layer(layer)))
}

#[cfg(not(feature = "layer"))]
fn app() -> Result<Router, Box<dyn Error>> {
    let handler = post(async |order: axum::Json<Order>| handle(&order));
    Ok(Router::new().route("/webhook", handler))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, app()?).await?)
}
