//! Exactly-once effects: the delivery's key is stored in the same SQL transaction as its effect. This example uses
//! SQLite; any database with transactions and unique keys works the same way. With PostgreSQL, use the store of the
//! example `postgres` instead, which needs no table of keys.
//!
//! ```text
//! cargo run --features axum --example transaction -- payments.db 127.0.0.1:3000
//! ```
//!
//! Then send a payment for anna, signed as the Standard Webhooks specification says:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"payment.received","account":"anna","cents":500}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!     -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! curl -i http://127.0.0.1:3000/balance/anna
//! ```
//!
//! Restart the program, which empties the layer's store, and paste the commands again: the balance stays the same.
//!
//! # The layer and the transaction
//!
//! The layer's deduplication *saves work*. It drops almost every duplicate, and answers 503 to a duplicate of a
//! delivery in progress. But it is not part of the transaction. A delivery runs again if the process dies or the client
//! disconnects after the commit and before the layer has completed the claim. It also runs again if a retry reaches a
//! replica with its own store.
//!
//! The transaction makes the *effect* happen once. The deduplication key is the primary key of the table `deliveries`.
//! A second run, in any process, waits until the first run commits or rolls back. If the first run has committed, the
//! second run finds the key and changes nothing. It still answers 2xx, because the provider would retry after a
//! failure. The layer has a [scope](WebhookLayer::scope), so that the key stays the same if the secret is rotated
//! between two attempts. The guarantee only covers effects inside the transaction. For other effects, such as an email,
//! insert a row into an outbox table in the same transaction, and let a worker process it.
//!
//! [`Delivery::fencing_token`] is for effects that cannot share a transaction with the key: writes that overwrite state
//! elsewhere. The token increases each time the delivery runs. Store it with the state and reject lower ones, so that a
//! stalled earlier run cannot overwrite a later one: `UPDATE … SET state = ?, run = ?fencing WHERE id = ? AND run <
//! ?fencing`. This example does not need the token, because a run finds the key of an earlier run that has committed.

use std::{
    env,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use rusqlite::{Connection, TransactionBehavior::Immediate, params};
use serde::Deserialize;
use tokio::{net::TcpListener, task::spawn_blocking};
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer, store::Key};

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

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = env::args().skip(1);
    let ledger = Ledger::open(&arguments.next().ok_or("missing argument: the database file")?)?;
    // Without a scope, the key would contain a fingerprint of the secret, and a retry that is signed with a new secret
    // would be booked again.
    let webhooks = WebhookLayer::try_new(secret()?)?.scope("payments").json::<BankEvent>();
    let app = Router::new()
        .route("/webhook", post(on_event).layer(webhooks))
        .route("/balance/{account}", get(balance))
        .with_state(ledger);

    let address = arguments.next().unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn on_event(State(ledger): State<Ledger>, delivery: Delivery, event: Event<BankEvent>) -> StatusCode {
    let BankEvent::PaymentReceived { account, cents } = event.into_inner() else {
        return StatusCode::NO_CONTENT;
    };
    // A delivery without an id has no key and cannot be deduplicated. With Standard Webhooks, every verified delivery
    // has an id, because the id is part of the signed content.
    let Some(key) = delivery.dedupe_key().cloned() else {
        return StatusCode::BAD_REQUEST;
    };
    // SQLite blocks, so use a blocking task. It runs to completion even if the client disconnects, and a retry then
    // finds the key.
    match spawn_blocking(move || ledger.book(&key, &account, cents)).await {
        Ok(Ok(Booked::Now)) => StatusCode::NO_CONTENT,
        Ok(Ok(Booked::Before)) => StatusCode::OK,
        // Not booked, or the result is unknown: let the provider retry.
        Ok(Err(error)) => {
            eprintln!("payment not booked: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(_panic) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn balance(State(ledger): State<Ledger>, Path(account): Path<String>) -> Result<String, StatusCode> {
    let balance = spawn_blocking(move || ledger.balance(&account)).await;
    let failed = StatusCode::INTERNAL_SERVER_ERROR;
    balance.map_err(|_| failed)?.map(|cents| format!("{cents}\n")).map_err(|_| failed)
}

/// The result of booking a payment.
enum Booked {
    Now,
    Before,
}

#[derive(Clone)]
struct Ledger(Arc<Mutex<Connection>>);

impl Ledger {
    fn open(file: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        // Wait for other processes that use the file.
        connection.busy_timeout(Duration::from_secs(5))?;
        // `EXTRA` makes a commit survive a power failure. The journal mode is the default, because switching to WAL
        // fails, without waiting, if two processes open a new file at the same time.
        connection.execute_batch(
            "PRAGMA synchronous = EXTRA;
            CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, cents INTEGER NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS deliveries (key TEXT PRIMARY KEY, booked INTEGER NOT NULL) STRICT;
            CREATE INDEX IF NOT EXISTS deliveries_by_age ON deliveries (booked);",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Books a payment, unless its delivery was booked before.
    fn book(&self, key: &Key, account: &str, cents: i64) -> rusqlite::Result<Booked> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Any end without a commit, panics included, rolls back both key and effect.
        let transaction = connection.transaction_with_behavior(Immediate)?;
        let new = transaction.execute(
            "INSERT INTO deliveries (key, booked) VALUES (?1, unixepoch()) ON CONFLICT DO NOTHING",
            [key.as_str()],
        )?;
        if new == 0 {
            return Ok(Booked::Before);
        }
        transaction.execute(
            "INSERT INTO accounts (name, cents) VALUES (?1, ?2)
            ON CONFLICT (name) DO UPDATE SET cents = cents + excluded.cents",
            params![account, cents],
        )?;
        // Delete a few keys that are older than 30 days. Keep keys for longer than the provider retries.
        transaction.execute(
            "DELETE FROM deliveries WHERE key IN
            (SELECT key FROM deliveries WHERE booked < unixepoch() - 30 * 86400 LIMIT 10)",
            [],
        )?;
        transaction.commit()?;
        Ok(Booked::Now)
    }

    fn balance(&self, account: &str) -> rusqlite::Result<i64> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = "SELECT coalesce(sum(cents), 0) FROM accounts WHERE name = ?1";
        connection.query_row(sum, [account], |row| row.get(0))
    }
}

/// Returns the signing secret that the bank shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    match env::var_os("WEBHOOK_SECRET") {
        Some(_) => Secret::from_env("WEBHOOK_SECRET"),
        None => DEMO.parse(),
    }
}
