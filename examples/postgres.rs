//! Exactly-once effects in PostgreSQL: the handler completes the delivery in the transaction of its effect.
//!
//! ```text
//! DATABASE_URL=postgres://postgres@127.0.0.1/postgres cargo run --features axum,postgres --example postgres -- 127.0.0.1:3000
//! ```
//!
//! Then send a payment for anna twice, signed as the Standard Webhooks specification says:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"payment.received","account":"anna","cents":500}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! for attempt in 1 2; do
//!     curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!         -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! done
//! curl -i http://127.0.0.1:3000/balance/anna
//! ```
//!
//! The second attempt is a duplicate, also after a restart of the program or of the server, and in every replica of the
//! program.
//!
//! # What can happen
//!
//! | if … | then |
//! |---|---|
//! | the process dies before the commit | nothing is booked; after the lease of 30 s, a retry books the payment |
//! | the process dies after the commit | a retry is a duplicate |
//! | the handler fails after the commit | the provider gets a 500, and its retry is a duplicate |
//! | the process stalls for longer than the lease, and a retry runs elsewhere | `complete_in` returns `ClaimLost`, and the transaction is rolled back |
//! | the handler forgets the `commit` | the provider gets a 500, and a retry runs the handler again |
//!
//! The guarantee only covers effects in the transaction. For other effects, such as an email, insert a row into an
//! outbox table in the same transaction, and let a worker process it.

use std::{env, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use sqlx::{PgPool, Row, postgres::PgPoolOptions};
use tokio::net::TcpListener;
use tower_webhook::{
    BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer,
    store::{CompleteError, PostgresStore},
};

/// An event of the bank.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type")]
enum BankEvent {
    #[serde(rename = "payment.received")]
    PaymentReceived { account: String, cents: i64 },
    /// Any other event type. Without this variant, the layer would reject such an event, and the bank would retry it.
    #[serde(other)]
    Unknown,
}

#[derive(Clone)]
struct App {
    pool: PgPool,
    store: PostgresStore,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let url = env::var("DATABASE_URL").unwrap_or("postgres://postgres@127.0.0.1/postgres".to_owned());
    // The store needs a connection for each claim, heartbeat and settlement. With a pool of its own, it does not wait
    // for the handlers' transactions. It recovers from broken connections without the test.
    let store = PgPoolOptions::new().test_before_acquire(false).connect(&url).await?;
    let app = App { pool: PgPool::connect(&url).await?, store: PostgresStore::new(store) };
    app.store.migrate().await?;
    let create = "CREATE TABLE IF NOT EXISTS accounts (name text PRIMARY KEY, cents bigint NOT NULL)";
    sqlx::query(create).execute(&app.pool).await?;

    let store = app.store.clone();
    tokio::spawn(async move {
        store.sweep(Duration::from_secs(60), |error| eprintln!("expired rows not deleted: {error}")).await;
    });

    let webhooks = WebhookLayer::try_new(secret()?)?.json::<BankEvent>().dedupe(app.store.clone());
    let routes = Router::new()
        .route("/webhook", post(on_event).layer(webhooks))
        .route("/balance/{account}", get(balance))
        .with_state(app);
    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes).await?)
}

async fn on_event(State(app): State<App>, delivery: Delivery, event: Event<BankEvent>) -> StatusCode {
    let BankEvent::PaymentReceived { account, cents } = event.into_inner() else {
        return StatusCode::NO_CONTENT;
    };
    match app.book(&delivery, &account, cents).await {
        Ok(()) => StatusCode::NO_CONTENT,
        // The payment is not booked, or the answer to the commit was lost: let the bank retry. If the payment is booked,
        // the retry is a duplicate.
        Err(error) => {
            eprintln!("payment not booked: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

impl App {
    /// Books a payment and completes its delivery, or neither. An error drops the transaction, which rolls it back.
    async fn book(&self, delivery: &Delivery, account: &str, cents: i64) -> Result<(), BoxError> {
        let mut transaction = self.pool.begin().await?;
        // First, directly after `begin`.
        match self.store.complete_in(&mut transaction, delivery).await {
            Err(CompleteError::AlreadyCompleted) => return Ok(()),
            completion => completion?,
        };
        let book = "INSERT INTO accounts VALUES ($1, $2) \
                    ON CONFLICT (name) DO UPDATE SET cents = accounts.cents + excluded.cents";
        sqlx::query(book).bind(account).bind(cents).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}

async fn balance(State(app): State<App>, Path(account): Path<String>) -> Result<String, StatusCode> {
    let balance =
        sqlx::query("SELECT coalesce(sum(cents), 0)::bigint FROM accounts WHERE name = $1").bind(account);
    let row = balance.fetch_one(&app.pool).await;
    let cents = row.and_then(|row| row.try_get::<i64, _>(0));
    cents.map(|cents| format!("{cents}\n")).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns the signing secret that the bank shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    if env::var_os("WEBHOOK_SECRET").is_some() {
        return Secret::from_env("WEBHOOK_SECRET");
    }
    eprintln!("WEBHOOK_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}
