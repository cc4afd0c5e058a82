//! A gRPC service and a webhook on one port.
//!
//! ```sh
//! WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw cargo run --example tonic --features axum,tonic
//! ```
//!
//! The gRPC service is the ready-made health check, so that no `.proto` is needed. Without a gRPC
//! client at hand, `curl` can ask it; the answer ends in `08 01`, which says that it is serving:
//!
//! ```sh
//! printf '\0\0\0\0\0' | curl -s --http2-prior-knowledge --data-binary @- \
//!     -H 'content-type: application/grpc' -H 'te: trailers' \
//!     http://127.0.0.1:3000/grpc.health.v1.Health/Check | od -An -tx1
//! ```
//!
//! The webhook takes deliveries that are signed by the Standard Webhooks specification:
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
//! The layer can also stand before a gRPC service itself. The sender signs the request's body as HTTP/2 carries it:
//! each message with its prefix of five bytes. Rejections are gRPC statuses. A duplicate is `ALREADY_EXISTS` (6),
//! which the sender should take for success. A failed call runs again when its sender retries.
//!
//! With the feature `tonic`, `add_service(webhooks.layer(orders))` puts the layer before one service. To put it before
//! all of a server's services, which needs no feature, name the paths with `only_if`:
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
//! The address to listen on may be given as an argument.

use std::env;

use axum::{http::StatusCode, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tonic::service::Routes;
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer};

/// What the shop tells about.
#[derive(Debug, Deserialize)]
struct Order {
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::try_new(secret()?)?.json::<Order>();
    let drain = webhooks.drain();
    let (_reporter, health) = tonic_health::server::health_reporter();
    // tonic's router is axum's, and serves both HTTP/1 and HTTP/2.
    let app = Routes::new(health).into_axum_router().route("/webhook", post(on_order).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    drain.finished().await;
    Ok(())
}

/// Called once for each delivery that is true. Any answer but a 2xx has it sent again.
async fn on_order(delivery: Delivery, order: Event<Order>) -> StatusCode {
    println!("{}: order {}", delivery.id().unwrap_or_default(), order.number);
    StatusCode::NO_CONTENT
}

/// The secret that the shop shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    if env::var_os("WEBHOOK_SECRET").is_some() {
        return Secret::from_env("WEBHOOK_SECRET");
    }
    eprintln!("WEBHOOK_SECRET is not set: everybody knows the secret that is used instead, {DEMO}");
    DEMO.parse()
}

async fn stopped() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
