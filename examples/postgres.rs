//! Exactly-once effects in PostgreSQL: the handler completes the delivery in the transaction of its effect.
//!
//! ```text
//! DATABASE_URL=postgres://postgres@127.0.0.1/postgres cargo run --features axum,postgres --example postgres -- 127.0.0.1:3000
//! ```
//!
//! Then send a payment for anna twice, and her statement, signed as the Standard Webhooks specification says:
//!
//! ```sh
//! deliver() {
//!     at=$(date +%s)
//!     key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//!     tag=$(printf %s "$1.$at.$2" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//!     curl -i http://127.0.0.1:3000/webhook -d "$2" \
//!         -H "webhook-id: $1" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! }
//! deliver msg_1 '{"type":"payment.received","account":"anna","cents":500}'
//! deliver msg_1 '{"type":"payment.received","account":"anna","cents":500}'
//! curl -i http://127.0.0.1:3000/balance/anna
//! deliver msg_2 '{"type":"statement.ready","account":"anna","month":"2026-11"}'
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
//! The guarantee only covers effects in the transaction. For other effects, such as an email, let a worker process the
//! delivery, and send its id as the idempotency key.
//!
//! # The inbox
//!
//! A payment is booked while the bank waits. Importing a statement takes longer, so its delivery only goes into the
//! table `inbox`, in the transaction that completes it. Then the bank gets a 202, and a worker does the work:
//!
//! * Each delivery is stored exactly once.
//! * If an attempt fails or its worker dies, the next one starts `RETRY_SECONDS` after it. If an attempt takes longer
//!   than that, two attempts overlap, and only one of them is committed.
//! * After [`ATTEMPTS`] attempts, the delivery stays in the table as a dead letter. `UPDATE inbox SET attempts = 0`
//!   runs it again.
//!
//! Two statements with `SKIP LOCKED` are the queue. Of the crates that can store a job in a transaction of sqlx,
//! `graphile_worker` and `apalis-postgres` require sqlx 0.9, and `sqlxmq` is slow to support new versions of sqlx.

use std::{env, error::Error, str::FromStr, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use sqlx::{PgPool, Postgres, Row, Transaction};
use tokio::{net::TcpListener, time::sleep};
use tower_webhook::{
    BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer,
    store::{CompleteError, PostgresStore},
};

/// The maximum number of attempts to process a delivery of the inbox.
const ATTEMPTS: i32 = 5;
/// The pause of a worker when there is no work.
const POLL: Duration = Duration::from_secs(1);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS accounts (name text PRIMARY KEY, cents bigint NOT NULL);
    CREATE TABLE IF NOT EXISTS statements (account text NOT NULL, month text NOT NULL);
    CREATE TABLE IF NOT EXISTS inbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        delivery_id text,
        payload bytea NOT NULL,
        attempts int NOT NULL DEFAULT 0,
        run_at timestamptz NOT NULL DEFAULT now()
    )";

/// Takes a delivery from the inbox. The transaction ends before the work begins, because a long transaction would hold
/// up `VACUUM`. So the row is reserved until `run_at`, also if the worker dies.
const TAKE: &str = "
    UPDATE inbox SET attempts = attempts + 1, run_at = now() + $2 * interval '1 second'
    WHERE id = (
        SELECT id FROM inbox WHERE run_at <= now() AND attempts < $1
        ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, payload, attempts";

/// Removes a delivery from the inbox. Only one transaction can, so the effect in the same transaction happens once.
const REMOVE: &str = "DELETE FROM inbox WHERE id = $1";

/// An event of the bank.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type")]
enum BankEvent {
    #[serde(rename = "payment.received")]
    PaymentReceived { account: String, cents: i64 },
    #[serde(rename = "statement.ready")]
    StatementReady { account: String, month: String },
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
    let pool = PgPool::connect(&url).await?;
    let app = App { store: PostgresStore::new(pool.clone()), pool };
    app.store.migrate().await?;
    sqlx::raw_sql(TABLES).execute(&app.pool).await?;

    let store = app.store.clone();
    tokio::spawn(async move {
        store.sweep(Duration::from_secs(60), |error| eprintln!("expired rows not deleted: {error:?}")).await;
    });

    // Any number of workers can run, here or in other processes.
    tokio::spawn(Worker::new(app.pool.clone())?.run());

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
    let handled = match &*event {
        BankEvent::PaymentReceived { account, cents } => {
            app.book(&delivery, account, *cents).await.map(|()| StatusCode::NO_CONTENT)
        }
        BankEvent::StatementReady { .. } => app.store(&delivery).await.map(|()| StatusCode::ACCEPTED),
        BankEvent::Unknown => Ok(StatusCode::NO_CONTENT),
    };
    // Nothing is committed, or the answer to the commit was lost: let the bank retry. If the transaction is committed,
    // the retry is a duplicate.
    handled.unwrap_or_else(|error| {
        eprintln!("delivery not handled: {error}");
        StatusCode::SERVICE_UNAVAILABLE
    })
}

impl App {
    /// Books a payment and completes its delivery, or neither. An error drops the transaction, which rolls it back.
    async fn book(&self, delivery: &Delivery, account: &str, cents: i64) -> Result<(), BoxError> {
        let Some(mut transaction) = self.begin(delivery).await? else { return Ok(()) };
        let book = "INSERT INTO accounts VALUES ($1, $2) \
                    ON CONFLICT (name) DO UPDATE SET cents = accounts.cents + excluded.cents";
        sqlx::query(book).bind(account).bind(cents).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Stores a delivery in the inbox and completes it, or neither.
    async fn store(&self, delivery: &Delivery) -> Result<(), BoxError> {
        let Some(mut transaction) = self.begin(delivery).await? else { return Ok(()) };
        let store = sqlx::query("INSERT INTO inbox (delivery_id, payload) VALUES ($1, $2)");
        let store = store.bind(delivery.id()).bind(&delivery.payload()[..]);
        store.execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Begins a transaction that completes the delivery. Returns `None` if another transaction has completed it.
    async fn begin(&self, delivery: &Delivery) -> Result<Option<Transaction<'static, Postgres>>, BoxError> {
        let mut transaction = self.pool.begin().await?;
        // First, directly after `begin`.
        match self.store.complete_in(&mut transaction, delivery).await {
            Ok(_) => Ok(Some(transaction)),
            Err(CompleteError::AlreadyCompleted) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Processes one delivery of the inbox after another.
struct Worker {
    pool: PgPool,
    /// The seconds between the starts of two attempts. Longer than an import, so that two workers do not import the
    /// same statement.
    retry_after: f64,
    /// The time that an import takes, for experiments.
    import: Duration,
}

impl Worker {
    fn new(pool: PgPool) -> Result<Self, BoxError> {
        let import = Duration::try_from_secs_f64(setting("IMPORT_SECONDS", 1.0)?)?;
        Ok(Self { pool, retry_after: setting("RETRY_SECONDS", 60.0)?, import })
    }

    async fn run(self) {
        loop {
            match self.process_next().await {
                Ok(true) => {}
                Ok(false) => sleep(POLL).await,
                Err(error) => {
                    eprintln!("inbox: {error}");
                    sleep(POLL).await;
                }
            }
        }
    }

    /// Returns `false` if there is no work.
    async fn process_next(&self) -> Result<bool, BoxError> {
        let take = sqlx::query(TAKE).bind(ATTEMPTS).bind(self.retry_after);
        let Some(row) = take.fetch_optional(&self.pool).await? else { return Ok(false) };
        let (id, attempt): (i64, i32) = (row.get("id"), row.get("attempts"));
        if let Err(error) = self.process(id, attempt, row.get("payload")).await {
            eprintln!("inbox: attempt {attempt} at {id} failed: {error}");
        }
        Ok(true)
    }

    async fn process(&self, id: i64, attempt: i32, payload: &[u8]) -> Result<(), BoxError> {
        let BankEvent::StatementReady { account, month } = serde_json::from_slice(payload)? else {
            return Err("event is not a statement".into());
        };
        println!("importing the statement {month} of {account}, attempt {attempt}");
        sleep(self.import).await;
        let mut transaction = self.pool.begin().await?;
        let removed = sqlx::query(REMOVE).bind(id).execute(&mut *transaction).await?;
        if removed.rows_affected() == 0 {
            return Err("another worker was faster".into());
        }
        let import = sqlx::query("INSERT INTO statements VALUES ($1, $2)").bind(&account).bind(&month);
        import.execute(&mut *transaction).await?;
        transaction.commit().await?;
        println!("imported the statement {month} of {account}");
        Ok(())
    }
}

fn setting<T: FromStr<Err: Error + Send + Sync + 'static>>(name: &str, default: T) -> Result<T, BoxError> {
    env::var(name).map_or(Ok(default), |text| Ok(text.parse()?))
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
