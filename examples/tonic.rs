//! A gRPC service and a webhook endpoint on one port.
//!
//! ```sh
//! WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw cargo run --example tonic --features axum,tonic
//! ```
//!
//! The gRPC service is the health check of `tonic_health`, so no `.proto` is needed. `curl` can call it without a gRPC
//! client. The response ends in `08 01`, the status `SERVING`:
//!
//! ```sh
//! printf '\0\0\0\0\0' | curl -s --http2-prior-knowledge --data-binary @- \
//!     -H 'content-type: application/grpc' -H 'te: trailers' \
//!     http://127.0.0.1:3000/grpc.health.v1.Health/Check | od -An -tx1
//! ```
//!
//! The webhook receives deliveries, signed as the Standard Webhooks specification says:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!     -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! ```
//!
//! # Deliveries that are gRPC calls
//!
//! The layer can also wrap a gRPC service. The sender signs the HTTP body, in which each message has a prefix of five
//! bytes. A rejection becomes a gRPC status. A duplicate becomes `ALREADY_EXISTS` (6), which the sender should treat as
//! success. A failed call runs again when its sender retries.
//!
//! With the feature `tonic`, `add_service(webhooks.layer(orders))` wraps one service. To protect several services of a
//! server, select their paths with `only_if`, which does not require the feature:
//!
//! ```ignore
//! let webhooks = WebhookLayer::new(secret).only_if(|head| head.uri.path().starts_with("/shop.Orders/"));
//! let drain = webhooks.drain();
//! Server::builder()
//!     .layer(webhooks)
//!     .add_service(orders)
//!     .add_service(health)
//!     .serve_with_shutdown(address, stop)
//!     .await?;
//! drain.finished().await;
//! ```
//!
//! The address to listen on can be passed as an argument.

use std::env;

use axum::{http::StatusCode, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tonic::service::Routes;
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer};

/// The payload of an order event.
#[derive(Debug, Deserialize)]
struct Order {
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::try_new(secret()?)?.json::<Order>();
    let drain = webhooks.drain();
    let (_reporter, health) = tonic_health::server::health_reporter();
    // tonic's router becomes an axum router, which `axum::serve` serves over both HTTP/1 and HTTP/2.
    let app = Routes::new(health).into_axum_router().route("/webhook", post(on_order).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    drain.finished().await;
    Ok(())
}

/// Handles a verified delivery that is not a duplicate. The provider retries unless the response is a 2xx.
async fn on_order(delivery: Delivery, order: Event<Order>) -> StatusCode {
    println!("{}: order {}", delivery.id().unwrap_or_default(), order.number);
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
