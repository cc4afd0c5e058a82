//! Changing a signing secret without losing a delivery: both are accepted for a while, and the service
//! tells when the old one can go.
//!
//! ```sh
//! WEBHOOK_SECRET=whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD \
//!     WEBHOOK_OLD_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw \
//!     cargo run --example rotation --features axum
//! ```
//!
//! Then send a delivery signed with the old one, and the same one signed with the new:
//!
//! ```sh
//! deliver() { # the secret, without its `whsec_`
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
//! 1. Have the provider make a new secret, if it can have two. If it cannot, make the new one known here
//!    before it signs with it, as far as it lets you see it before.
//! 2. Start the service with both: the new one first, the old one second.
//! 3. Have the provider sign with the new one.
//! 4. Watch `/rotation`, of all replicas. When the old secret has not been used for as long as the
//!    provider retries (an attempt may be signed when the event was new), start the service without it.
//!    Only a secret that is known to others is removed at once, whatever is lost.
//!
//! The address to listen on may be given as an argument.

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

/// What the shop tells about.
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
        // Deliveries are told apart by the secret that they were signed with, unless their scope has a
        // name: what was handled under the old one would be handled again under the new. The name must
        // be this endpoint's alone.
        .scope("shop-orders")
        // Not in the handler: a duplicate that is signed with the old secret is a use of it, too.
        .on_outcome(move |outcome| noted.note(outcome));
    let app = Router::new()
        .route("/webhook", post(on_order).layer(webhooks))
        .route("/rotation", get(async move || usage.report()));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    Ok(())
}

async fn on_order(delivery: Delivery, order: Event<Order>) -> StatusCode {
    let which = if delivery.secret_index() == 0 { "new" } else { "old" };
    println!("{}: order {}, by the {which} secret", delivery.id().unwrap_or_default(), order.number);
    StatusCode::NO_CONTENT
}

/// When the old secret was last used.
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
        // The index is that of the order they were given in. What was not verified has none.
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

/// The secrets that are accepted, the newest first.
fn secrets() -> Result<Secrets, InvalidSecret> {
    const DEMO: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let new = if env::var_os("WEBHOOK_SECRET").is_some() {
        Secret::from_env("WEBHOOK_SECRET")?
    } else {
        eprintln!("WEBHOOK_SECRET is not set: everybody knows the secret that is used instead, {DEMO}");
        DEMO.parse()?
    };
    // Not set, when the rotation is over. Each secret costs a MAC for each delivery.
    match env::var_os("WEBHOOK_OLD_SECRET") {
        Some(_) => Ok([new, Secret::from_env("WEBHOOK_OLD_SECRET")?].into()),
        None => Ok(new.into()),
    }
}

async fn stopped() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
