//! The effects of handlers on Postgres: rows that are inserted in the transactions that complete the deliveries.

use std::time::Duration;

use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tower_webhook::{
    BoxError, Delivery,
    store::{Key, PostgresStore, Store},
};

use crate::{
    LEASE,
    ledger::{Line, Note, RunId, now},
};

/// Without a unique constraint, which would hide a second effect.
pub const TABLE: &str =
    "CREATE TABLE effects (at bigint, replica bigint, event bigint, fencing_token bigint)";

/// The maximum number of transactions of a replica, and of connections of its store. Few, because all replicas connect
/// at once when the server is back.
const CONNECTIONS: u32 = 4;

/// The database of a replica.
pub struct Database {
    pub store: PostgresStore,
    pool: PgPool,
}

impl Database {
    pub fn new(url: &str, store_timeout: Duration) -> Self {
        let options: PgConnectOptions = url.parse().unwrap();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .test_before_acquire(false)
            // Also limits the delays between attempts to connect, to a fifth of this time.
            .acquire_timeout(LEASE / 3)
            .connect_lazy_with(options);
        let store = PostgresStore::new(pool.clone()).timeout(store_timeout);
        Self { store, pool }
    }

    /// Begins a transaction that completes the delivery.
    pub async fn begin(&self, delivery: &Delivery) -> Result<EffectTransaction, BoxError> {
        let mut transaction = self.pool.begin().await?;
        self.store.complete_in(&mut transaction, delivery).await?;
        Ok(EffectTransaction(transaction))
    }

    /// Waits until both the pool and the store have a connection that responds.
    pub async fn responds(&self) {
        loop {
            if let Ok(mut connection) = self.pool.acquire().await
                && connection.ping().await.is_ok()
                && self.store.forget(&Key::new("probe", "1")).await.is_ok()
            {
                return;
            }
        }
    }
}

/// An open transaction, which is rolled back on drop.
pub struct EffectTransaction(Transaction<'static, Postgres>);

impl EffectTransaction {
    pub async fn insert(&mut self, replica: u32, run: RunId) -> Result<(), BoxError> {
        let numbers = [now(), replica.into(), run.event.into(), run.fencing];
        let mut insert = sqlx::query("INSERT INTO effects VALUES ($1, $2, $3, $4)");
        for number in numbers {
            insert = insert.bind(i64::try_from(number)?);
        }
        insert.execute(&mut *self.0).await?;
        Ok(())
    }

    pub async fn commit(self) -> Result<(), BoxError> {
        Ok(self.0.commit().await?)
    }
}

/// Reads the committed effects, once the transactions that insert one have ended.
pub async fn read(connection: &mut PgConnection) -> Vec<Line> {
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query("LOCK TABLE effects IN SHARE MODE").execute(&mut *transaction).await.unwrap();
    let rows: Vec<(i64, i64, i64, i64)> =
        sqlx::query_as("SELECT * FROM effects").fetch_all(&mut *transaction).await.unwrap();
    let number = |number: i64| u64::try_from(number).unwrap();
    let line = |(at, replica, event, fencing)| Line {
        at: number(at),
        replica: u32::try_from(replica).unwrap(),
        note: Note::Effect(RunId { event: u32::try_from(event).unwrap(), fencing: number(fencing) }),
    };
    rows.into_iter().map(line).collect()
}
