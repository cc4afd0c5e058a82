//! Several replicas that share their memory in Redis, and that can be replaced while deliveries come.
//!
//! ```text
//! redis-server --appendonly yes --appendfsync always --maxmemory 256mb --maxmemory-policy noeviction
//! REDIS_URL=redis://127.0.0.1 cargo run --example redis --features axum,redis -- 127.0.0.1:3000
//! REDIS_URL=redis://127.0.0.1 cargo run --example redis --features axum,redis -- 127.0.0.1:3001
//! ```
//!
//! Send both the same delivery, signed by the Standard Webhooks specification:
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
//! One of them packs the order; for the other it is a duplicate. With `PACKING_SECONDS=20` the second is
//! answered 503 while the first packs, and if you stop that one meanwhile (Ctrl-C, SIGTERM), it finishes
//! before it goes. Killed with SIGKILL, it cannot: its lease ends after 30 seconds, and the next attempt runs.
//!
//! The address to listen on may be given as an argument.

use std::{env, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, time::sleep};
use tower_webhook::{
    BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer,
    store::{CachedStore, RedisStore},
};

/// How long what runs may still take when the process is to end: less than its supervisor waits before
/// it kills (30 seconds in Kubernetes).
const GRACE: Duration = Duration::from_secs(25);

/// What the shop tells about.
#[derive(Debug, Deserialize)]
struct Order {
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let packing = Duration::from_secs(env::var("PACKING_SECONDS").map_or(Ok(0), |text| text.parse())?);
    let url = env::var("REDIS_URL").unwrap_or("redis://127.0.0.1".to_owned());
    // Another program on the same server gets another prefix. What keeps endpoints of one program apart
    // is in the keys already.
    let redis = RedisStore::connect(&url).await?.prefix("shop");
    // Duplicates that come within a minute, as they do from providers in a hurry, are known without
    // asking Redis.
    let store = CachedStore::new(redis, 10_000);
    let webhooks = WebhookLayer::try_new(secret()?)?
        .json::<Order>()
        .dedupe(store)
        // The provider waits for ten seconds, say. What takes longer goes on, here, and its claim is
        // extended meanwhile; the next attempt, at any replica, is answered 503 until it is done.
        .ack_deadline(Duration::from_secs(8));
    let drain = webhooks.drain();
    let app = Router::new().route("/webhook", post(on_order).layer(webhooks)).with_state(packing);

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let ended = async {
        axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
        // What has outlived its request, and claims that Redis was not there to settle.
        drain.finished().await;
        Ok(())
    };
    let too_late = async {
        stopped().await;
        sleep(GRACE).await;
    };
    tokio::select! {
        ended = ended => ended,
        // Their leases run out, and other replicas run them again.
        () = too_late => Err(format!("{} handlers were cut short", drain.running()).into()),
    }
}

/// Called once for each delivery that is true, at one of the replicas.
async fn on_order(State(packing): State<Duration>, delivery: Delivery, order: Event<Order>) -> StatusCode {
    println!("{}: packing order {}", delivery.id().unwrap_or_default(), order.number);
    sleep(packing).await;
    println!("{}: packed", delivery.id().unwrap_or_default());
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

/// Ctrl-C, or what a supervisor sends before it kills.
async fn stopped() {
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
