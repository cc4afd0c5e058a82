//! Secret rotation without losing a delivery: both secrets are accepted for a while, and the program reports when the
//! old secret was last used.
//!
//! ```sh
//! WEBHOOK_SECRET=whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD \
//!     WEBHOOK_OLD_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw \
//!     cargo run --example rotation --features axum
//! ```
//!
//! Then send a delivery signed with the old secret, and again signed with the new one:
//!
//! ```sh
//! deliver() { # the secret, without `whsec_`
//!     id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//!     key=$(printf %s "$1" | base64 -d | od -An -vtx1 | tr -d ' \n')
//!     tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//!     curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!         -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! }
//! deliver MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
//! deliver C2FVsBQIhrscChlQIMV+b5sSYspob7oD
//! curl -i http://127.0.0.1:3000/rotation
//! ```
//!
//! # The steps
//!
//! 1. Create a new secret at the provider. If an endpoint can have only one secret, the new secret may replace the old
//!    one at once. In that case, find a way to obtain the new secret, and deploy it, before the provider signs with it.
//! 2. Start the program with both secrets: the new one first, the old one second.
//! 3. Make the provider sign with the new secret.
//! 4. Watch `/rotation` on all replicas. Once the old secret has not been used for the provider's retry period, start
//!    the program without it. (A retry may carry the signature of the first attempt.) Remove a leaked secret at once,
//!    even if that loses deliveries.
//!
//! The address to listen on can be passed as an argument.

use std::{
    env,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, Outcome, Secret, Secrets, WebhookLayer};

/// The payload of an order event.
#[derive(Debug, Deserialize)]
struct Order {
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let usage = Usage::default();
    let noted = usage.clone();
    let webhooks = WebhookLayer::try_new(secrets()?)?
        .json::<Order>()
        // Without a scope, the deduplication key depends on the secret: a delivery that was handled under the old
        // secret would run again under the new one. The scope must be unique to this endpoint.
        .scope("shop-orders")
        // Record uses of the old secret here and not in the handler, because duplicates do not reach the handler.
        .on_outcome(move |outcome| noted.note(outcome));
    let app = Router::new()
        .route("/webhook", post(on_order).layer(webhooks))
        .route("/rotation", get(async move || usage.report()));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

async fn on_order(delivery: Delivery, order: Event<Order>) -> StatusCode {
    let which = if delivery.secret_index() == 0 { "new" } else { "old" };
    println!("{}: order {}, signed with the {which} secret", delivery.id().unwrap_or_default(), order.number);
    StatusCode::NO_CONTENT
}

/// The time at which the old secret was last used.
#[derive(Clone)]
struct Usage {
    started: Instant,
    last: Arc<Mutex<Option<Instant>>>,
}

impl Default for Usage {
    fn default() -> Self {
        Self { started: Instant::now(), last: Arc::default() }
    }
}

impl Usage {
    fn note(&self, outcome: &Outcome) {
        // Index 0 is the new secret, which `secrets` returns first. A request that was not verified has no delivery.
        if outcome.delivery().is_some_and(|delivery| delivery.secret_index() > 0) {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }

    fn report(&self) -> String {
        let ago = |since: Instant| Duration::from_secs(since.elapsed().as_secs());
        match *self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(last) => format!("the old secret was last used {:?} ago\n", ago(last)),
            None => format!("the old secret was not used in the {:?} since the start\n", ago(self.started)),
        }
    }
}

/// Returns the accepted secrets, the newest first.
fn secrets() -> Result<Secrets, InvalidSecret> {
    const DEMO: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let new = if env::var_os("WEBHOOK_SECRET").is_some() {
        Secret::from_env("WEBHOOK_SECRET")?
    } else {
        eprintln!("WEBHOOK_SECRET is not set: using the public demo secret {DEMO}");
        DEMO.parse()?
    };
    // Unset the variable after the rotation: every further secret costs an HMAC per delivery.
    match env::var_os("WEBHOOK_OLD_SECRET") {
        Some(_) => Ok([new, Secret::from_env("WEBHOOK_OLD_SECRET")?].into()),
        None => Ok(new.into()),
    }
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
