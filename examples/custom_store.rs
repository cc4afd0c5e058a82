//! A custom store that keeps deliveries in SQLite, for a small service that already has a database file.
//!
//! ```sh
//! cargo run --example custom_store --features axum
//! ```
//!
//! Then send a delivery, signed as the Standard Webhooks specification says. Restart the program and send the delivery
//! again: it is still a duplicate.
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!     -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! ```
//!
//! The documentation of `store` specifies what a store must do, and `store::contract` tests it:
//!
//! ```sh
//! cargo test --example custom_store --features axum,test-util
//! ```
//!
//! Several processes on one machine may share the file. Claiming and completing a delivery each write to disk, so
//! expect hundreds of deliveries per second, not thousands. The environment variable `STORE` names the file. The
//! address to listen on can be passed as an argument.

use std::{
    env,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use axum::{Router, http::StatusCode, routing::post};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior::Immediate, params};
use tokio::{net::TcpListener, signal, task::spawn_blocking};
use tower_webhook::{
    BoxError, Clock, Delivery, InvalidSecret, Secret, SystemClock, WebhookLayer,
    store::{Claim, Key, Store, StoreError, Token},
};

/// A store that keeps deliveries in a SQLite table. Clones share the connection.
#[derive(Clone)]
struct SqliteStore {
    database: Arc<Mutex<Connection>>,
    /// The clock, of which only the wall-clock time is used. Stored times are compared in other processes and after a
    /// restart, where a monotonic time has no meaning.
    clock: Arc<dyn Clock>,
}

impl SqliteStore {
    fn open(file: &str, clock: impl Clock) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        // Shorter than the layer's timeout for store calls, which is one second.
        connection.busy_timeout(Duration::from_millis(500))?;
        // Times are in microseconds since 1970. A completed delivery has no owner. Scope and id have a column each,
        // because two different keys could become equal if scope and id were concatenated. The journal mode is the
        // default, because switching to WAL fails if two processes open a new file at the same time.
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS deliveries (
                scope TEXT, id TEXT, owner BLOB, until INTEGER NOT NULL, fencing_token INTEGER NOT NULL,
                PRIMARY KEY (scope, id)
            ) STRICT;
            CREATE INDEX IF NOT EXISTS deliveries_by_end ON deliveries (until);",
        )?;
        Ok(Self { database: Arc::new(Mutex::new(connection)), clock: Arc::new(clock) })
    }

    /// Runs `work` with the connection and the current time, on a thread that may block.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Self { database, clock } = self.clone();
        let done = spawn_blocking(move || {
            let mut connection = database.lock().unwrap_or_else(PoisonError::into_inner);
            // Read the clock after waiting for the lock.
            work(&mut connection, micros(clock.now().duration_since(UNIX_EPOCH).unwrap_or_default()))
        });
        done.await.map_err(StoreError::new)?.map_err(StoreError::new)
    }

    /// Updates the record of `key` if `token` owns it and the lease has not expired. A single statement makes this
    /// atomic.
    async fn change(
        &self,
        change: &'static str,
        key: &Key,
        token: &Token,
        time: Duration,
    ) -> Result<bool, StoreError> {
        let (key, token) = (key.clone(), token.to_bytes());
        self.run(move |connection, now| {
            let mine = "scope = ?1 AND id = ?2 AND owner = ?3 AND until > ?4";
            let until = now.saturating_add(micros(time));
            let parameters = params![key.scope(), key.id(), token, now, until];
            Ok(connection.execute(&format!("UPDATE deliveries SET {change} WHERE {mine}"), parameters)? == 1)
        })
        .await
    }
}

impl Store for SqliteStore {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        let (key, token) = (key.clone(), token.to_bytes());
        self.run(move |connection, now| {
            // `Immediate` takes the write lock first, so that no other writer gets between the two statements.
            let transaction = connection.transaction_with_behavior(Immediate)?;
            let fencing_token = transaction
                .query_row(
                    "INSERT INTO deliveries (scope, id, owner, until, fencing_token) VALUES (?1, ?2, ?3, ?5, ?4)
                    ON CONFLICT DO UPDATE SET
                        owner = excluded.owner,
                        until = excluded.until,
                        fencing_token = max(fencing_token + 1, excluded.fencing_token)
                    WHERE until <= ?4 OR owner = ?3
                    RETURNING fencing_token",
                    params![key.scope(), key.id(), token, now, now.saturating_add(micros(lease))],
                    |row| row.get::<_, i64>(0),
                )
                .optional()?;
            let claim = match fencing_token {
                Some(token) => Claim::Acquired { fencing_token: token.unsigned_abs() },
                None => transaction.query_row(
                    "SELECT owner IS NULL FROM deliveries WHERE scope = ?1 AND id = ?2",
                    [key.scope(), key.id()],
                    |row| Ok(if row.get(0)? { Claim::Completed } else { Claim::InProgress }),
                )?,
            };
            // Delete a few records that expired more than an hour ago, to bound the table. If a delivery arrives again
            // after its record was deleted, its fencing token starts at the current time, which exceeds the tokens of
            // earlier runs.
            transaction.execute(
                "DELETE FROM deliveries WHERE rowid IN (SELECT rowid FROM deliveries WHERE until < ?1 LIMIT 10)",
                [now.saturating_sub(micros(Duration::from_secs(3600)))],
            )?;
            transaction.commit()?;
            Ok(claim)
        })
        .await
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.change("until = ?5", key, token, lease).await
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        self.change("owner = NULL, until = ?5", key, token, window).await
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        // End the claim, but keep the record: the next owner needs a higher fencing token.
        self.change("until = ?5", key, token, Duration::ZERO).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        let key = key.clone();
        self.run(move |connection, now| {
            let completed = "scope = ?1 AND id = ?2 AND owner IS NULL AND until > ?3";
            let end = format!("UPDATE deliveries SET until = ?3 WHERE {completed}");
            Ok(connection.execute(&end, params![key.scope(), key.id(), now])? == 1)
        })
        .await
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let file = env::var("STORE").unwrap_or("deliveries.db".to_owned());
    let webhooks = WebhookLayer::try_new(secret()?)?.dedupe(SqliteStore::open(&file, SystemClock)?);
    let app = Router::new().route("/webhook", post(on_delivery).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

async fn on_delivery(delivery: Delivery) -> StatusCode {
    println!("{}: run {}", delivery.id().unwrap_or_default(), delivery.fencing_token().unwrap_or_default());
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

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use tower_webhook::{ManualClock, store};

    use super::*;

    /// Runs the contract test, on several threads because it races claims. Time advances only when the test advances
    /// the clock.
    #[tokio::test(flavor = "multi_thread")]
    async fn passes_the_contract_test() -> Result<(), BoxError> {
        let clock = ManualClock::at_unix(1_700_000_000);
        let store = SqliteStore::open(":memory:", clock.clone())?;
        store::contract(store, async |time| clock.advance(time)).await;
        Ok(())
    }
}
