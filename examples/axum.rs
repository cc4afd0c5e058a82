//! An axum application with a webhook endpoint next to its other routes.
//!
//! ```sh
//! WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw cargo run --example axum --features axum
//! ```
//!
//! Then send a delivery, signed as the Standard Webhooks specification says:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!     -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! ```
//!
//! Run the same `curl` again: the delivery is a duplicate. A request with the same signature and any other body is
//! rejected with a 401. `curl http://127.0.0.1:3000/health` needs no signature, because the layer protects only the
//! webhook's route.
//!
//! The address to listen on can be passed as an argument.

use std::env;

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer};

/// An event of the shop.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type")]
enum ShopEvent {
    #[serde(rename = "order.placed")]
    OrderPlaced { number: u32 },
    /// Any other event type. Without this variant, the layer would reject such an event, and the shop would
    /// retry it.
    #[serde(other)]
    Unknown,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::try_new(secret()?)?.json::<ShopEvent>();
    let app = Router::new()
        .route("/webhook", post(on_event).layer(webhooks))
        .route("/health", get(async || "healthy\n"));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Deliveries in progress finish before the server stops.
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

/// Handles a verified delivery that is not a duplicate. The provider retries unless the response is a 2xx.
async fn on_event(delivery: Delivery, event: Event<ShopEvent>) -> StatusCode {
    let id = delivery.id().unwrap_or_default();
    match event.into_inner() {
        ShopEvent::OrderPlaced { number } => println!("{id}: order {number} was placed"),
        ShopEvent::Unknown => println!("{id}: nothing to do for {:?}", delivery.event_type()),
    }
    StatusCode::NO_CONTENT
}

/// Returns the signing secret that the shop shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    if env::var_os("WEBHOOK_SECRET").is_some() {
        return Secret::from_env("WEBHOOK_SECRET");
    }
    eprintln!("WEBHOOK_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
