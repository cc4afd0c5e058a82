//! Several replicas that share a Redis store, and that shut down without losing deliveries.
//!
//! ```text
//! redis-server --appendonly yes --appendfsync always --maxmemory 256mb --maxmemory-policy noeviction
//! REDIS_URL=redis://127.0.0.1 cargo run --example redis --features axum,redis -- 127.0.0.1:3000
//! REDIS_URL=redis://127.0.0.1 cargo run --example redis --features axum,redis -- 127.0.0.1:3001
//! ```
//!
//! Then send the same delivery to both, signed as the Standard Webhooks specification says:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! for replica in http://127.0.0.1:3000 http://127.0.0.1:3001; do
//!     curl -i $replica/webhook -d "$body" \
//!         -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! done
//! ```
//!
//! The first replica packs the order, and for the second replica the delivery is a duplicate. With
//! `PACKING_SECONDS=20`, the first replica answers 503 after eight seconds and continues to pack. The delivery is then
//! still in progress, so the second replica answers 503 as well. If you stop the first replica meanwhile (Ctrl-C or
//! SIGTERM), it finishes packing before it exits. After a SIGKILL, its lease expires within 30 seconds, and the next
//! attempt runs.
//!
//! The address to listen on can be passed as an argument.

use std::{env, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, time::sleep};
use tower_webhook::{
    BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer,
    store::{CachedStore, RedisStore},
};

/// The grace period of running handlers. It must be shorter than the supervisor's grace period (30 seconds in
/// Kubernetes), after which the process gets a SIGKILL.
const GRACE: Duration = Duration::from_secs(25);

/// The payload of an order event.
#[derive(Debug, Deserialize)]
struct Order {
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let packing = Duration::from_secs(env::var("PACKING_SECONDS").map_or(Ok(0), |text| text.parse())?);
    let url = env::var("REDIS_URL").unwrap_or("redis://127.0.0.1".to_owned());
    // Give every program that uses the same Redis server its own prefix. The endpoints of one program can share a
    // prefix, because their keys already differ.
    let redis = RedisStore::connect(&url).await?.prefix("shop");
    // For a minute after a replica has completed a delivery, or has found it completed in Redis, the replica recognizes
    // duplicates of the delivery without a request to Redis.
    let store = CachedStore::new(redis, 10_000);
    let webhooks = WebhookLayer::try_new(secret()?)?
        .json::<Order>()
        .dedupe(store)
        // For a provider with a timeout of ten seconds. A slower handler continues, and its lease is extended. Until
        // the handler has finished, retries get a 503 from every replica.
        .ack_deadline(Duration::from_secs(8));
    let drain = webhooks.drain();
    let app = Router::new().route("/webhook", post(on_order).layer(webhooks)).with_state(packing);

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let finished = async {
        axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
        // Wait for handlers that outlived their request, and for claims that are settled in the background.
        drain.finished().await;
        Ok(())
    };
    let grace_over = async {
        shutdown_signal().await;
        sleep(GRACE).await;
    };
    tokio::select! {
        finished = finished => finished,
        // The leases of interrupted handlers expire, and retries run on other replicas.
        () = grace_over => Err(format!("{} handlers were interrupted", drain.running()).into()),
    }
}

/// Packs an order, on one of the replicas. A retry runs this handler again only if the earlier run failed.
async fn on_order(State(packing): State<Duration>, delivery: Delivery, order: Event<Order>) -> StatusCode {
    println!("{}: packing order {}", delivery.id().unwrap_or_default(), order.number);
    sleep(packing).await;
    println!("{}: packed", delivery.id().unwrap_or_default());
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

/// Waits for Ctrl-C, or for the SIGTERM of a supervisor.
async fn shutdown_signal() {
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
