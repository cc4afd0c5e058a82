//! Effects that come exactly once: the delivery's key is stored in the same SQL transaction as its
//! effect. Here with SQLite; any database with transactions and unique keys does it likewise.
//!
//! ```text
//! cargo run --features axum --example transaction -- payments.db 127.0.0.1:3000
//! ```
//!
//! Then have anna paid, by a delivery signed by the Standard Webhooks specification:
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
//! Stop it, start it again, which makes the layer forget all it knew, and paste it once more: the balance
//! stays.
//!
//! # Who does what
//!
//! The layer's dedupe *saves the work*. It drops nearly all duplicates before they get here, and puts
//! copies off while the first is being handled. But it is not part of the transaction: if the process
//! dies after the commit and before the layer has noted it, the delivery runs again; so it does if the
//! client hangs up at that moment, and on a replica with a memory of its own.
//!
//! The transaction makes the *effect* come once. The key is its table's primary key: whoever comes
//! second, in whatever process, waits until the first has committed or given up, and in the first case
//! finds the key there and does nothing. It is answered 2xx all the same: a failure would have it sent
//! again. The layer has a [scope](WebhookLayer::scope), so that the key stays the same when the secret is
//! rotated between two attempts. Only what is in the transaction is covered. For what is not, an email say, write a row into
//! a table of things to do in the same transaction, and let a worker do them.
//!
//! [`Delivery::fencing_token`] is for effects that no transaction can hold together with the key: those that
//! overwrite state elsewhere. It grows from run to run, so an older run that was thought dead and
//! wakes up late is known by its lower number, where that state is kept with the number of the run
//! that wrote it: `UPDATE … SET state = ?, run = ?fencing WHERE id = ? AND run < ?fencing`. Here it is
//! not needed: of two runs the second finds the key, whichever is the older.

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

/// What the bank tells about.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type")]
enum BankEvent {
    #[serde(rename = "payment.received")]
    PaymentReceived { account: String, cents: i64 },
    /// Whatever the bank thinks of later. Refused, it would be sent again and again.
    #[serde(other)]
    Unknown,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = env::args().skip(1);
    let ledger = Ledger::open(&arguments.next().ok_or("which database? Give a file's name")?)?;
    // Without a scope the key has a fingerprint of the secret in it: a retry that is signed with a new
    // secret would be booked once more.
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
    // Provider, scope and id. A delivery without an id cannot be told from another; this bank signs the
    // id, so there is none.
    let Some(key) = delivery.dedupe_key().cloned() else {
        return StatusCode::BAD_REQUEST;
    };
    // SQLite blocks. On a thread of its own it also runs to its end if the client hangs up, and the
    // delivery is sent again though it was booked: the key is there then.
    match spawn_blocking(move || ledger.book(&key, &account, cents)).await {
        Ok(Ok(Booked::Now)) => StatusCode::NO_CONTENT,
        Ok(Ok(Booked::Before)) => StatusCode::OK,
        // Nothing was booked, or nobody knows: it is to be sent again.
        Ok(Err(error)) => {
            eprintln!("not booked: {error}");
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

/// What became of a payment.
enum Booked {
    Now,
    Before,
}

#[derive(Clone)]
struct Ledger(Arc<Mutex<Connection>>);

impl Ledger {
    fn open(file: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        // Other processes may have the file open, too.
        connection.busy_timeout(Duration::from_secs(5))?;
        // `EXTRA`: a commit survives a power cut. The journal is the default one, because the change to WAL
        // fails if two processes open a new file at the same time: it does not wait.
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
        // Whatever ends this without a commit, a panic included, rolls it back: key and effect.
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
        // A month: longer than any provider goes on trying. A few each time keep the table small.
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

/// The secret that the bank shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    match env::var_os("WEBHOOK_SECRET") {
        Some(_) => Secret::from_env("WEBHOOK_SECRET"),
        None => DEMO.parse(),
    }
}
