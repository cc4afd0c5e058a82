mod connections;
mod failure;
mod transaction;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    Connection, Executor, FromRow, PgConnection, PgPool, Postgres, Row,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
    query::Query,
};
use tokio::time::sleep;

pub(crate) use self::transaction::sealed::Sealed as SealedCompletable;
pub use self::transaction::{Completable, CompleteError, Completion};
use self::{connections::Connections, failure::Failure};
use super::{Claim, Key, Store, StoreError, Token};
use crate::task::timeout;

/// A [`Store`] in PostgreSQL, for several replicas of a service. A handler can complete its delivery in the
/// transaction of its effect ([`complete_in`](Self::complete_in)), so that the effect happens exactly once.
///
/// ```no_run
/// use tower_webhook::{BoxError, Delivery, Secret, WebhookLayer, store::PostgresStore};
///
/// async fn layer(pool: sqlx::PgPool, secret: Secret) -> Result<WebhookLayer, BoxError> {
///     let store = PostgresStore::new(pool);
///     store.migrate().await?; // or `PostgresStore::SCHEMA` in your own migrations
///     Ok(WebhookLayer::new(secret).dedupe(store))
/// }
///
/// async fn on_payment(pool: &sqlx::PgPool, store: &PostgresStore, delivery: &Delivery) -> Result<(), BoxError> {
///     let mut transaction = pool.begin().await?;
///     store.complete_in(&mut transaction, delivery).await?; // first, directly after `begin`
///     sqlx::query("UPDATE accounts SET balance = balance + 1").execute(&mut *transaction).await?;
///     transaction.commit().await?;
///     Ok(())
/// }
/// ```
///
/// A delivery takes two statements, one to claim and one to settle; a long-running handler adds one for each
/// heartbeat. With `complete_in` it takes three: the claim, the completion, and the settlement, which reads whether
/// the transaction was committed. A duplicate takes one statement, which writes nothing, or none behind a
/// [`CachedStore`](super::CachedStore). A statement takes one round trip once its connection has prepared it. Leases and
/// windows use only the server's clock.
///
/// # Server
///
/// Requires PostgreSQL 13 or later.
///
/// * The database is encoded in UTF-8.
/// * Permissions of a dedicated role: `SELECT`, `INSERT` and `UPDATE` on the table, `DELETE` for
///   [`delete_expired`](Self::delete_expired), and `USAGE` on the schema.
/// * With `synchronous_commit = on` (the default), a crash loses nothing. With asynchronous replication, a
///   promoted replica may have lost the last commits: the claims and completions, together with the effects of
///   their transactions.
/// * Limits on the connections of the handlers, for the case that a host vanishes while its transaction is open.
///   Until the server notices, the row stays locked, and retries get a 503 for a delivery in progress. The server's
///   defaults may take hours.
/// * TLS: enable one of sqlx's features in your own `Cargo.toml`, such as `tls-rustls`; it then also applies here.
/// * PgBouncer in transaction mode: version 1.21 or later with `max_prepared_statements`. For earlier versions use
///   [`without_prepared_statements`](Self::without_prepared_statements).
///
/// Set the limits on the pool, or with `ALTER ROLE … SET`:
///
/// ```
/// # fn demo(url: &str) -> Result<sqlx::postgres::PgConnectOptions, sqlx::Error> {
/// # use std::str::FromStr;
/// # use sqlx::postgres::PgConnectOptions;
/// let options = PgConnectOptions::from_str(url)?.options([
///     ("tcp_keepalives_idle", "10"),      // seconds without traffic until the server probes the client
///     ("tcp_keepalives_interval", "5"),   // seconds between probes
///     ("tcp_keepalives_count", "3"),      // probes without an answer until the connection ends
///     ("tcp_user_timeout", "25000"),      // milliseconds for which data may stay unacknowledged
///     ("idle_in_transaction_session_timeout", "60000"), // longer than a handler pauses in a transaction
/// ]);
/// # Ok(options)
/// # }
/// ```
///
/// PgBouncer may reject connections with `options`. Set these parameters for its role instead.
///
/// Each delivery is a row of the table `webhook_deliveries`. Its key is `{provider}-{scope}:{id}`, where `:`, `%`, spaces and
/// control characters within scope and id are percent-encoded. Layers, scopes and services can share a table. Rows
/// stay in the table after their window: call [`delete_expired`](Self::delete_expired) regularly, or spawn
/// [`sweep`](Self::sweep).
///
/// # Failures
///
/// Each call has a time limit of a second ([`timeout`](Self::timeout)), of which it waits for a connection at most
/// half. Within the limit, a call is repeated after a temporary failure, such as a broken connection. `forget` is not
/// repeated after a broken connection. After the limit, the connection is closed, because it may still be busy. Then
/// the layer's [`StoreFailure`](crate::StoreFailure) policy applies.
///
/// A statement that waits for a lock on the whole table, such as that of an `ALTER TABLE`, occupies its server
/// connection until it ends, although the store has closed the connection. Set `client_connection_check_interval`
/// on the server (PostgreSQL 14 or later), or a `lock_timeout` on the connections of the pool. Otherwise such a lock
/// may use up all connections of the server.
///
/// Calls do not wait for a row that a transaction has locked. A claim on it is in progress, and its heartbeat
/// succeeds, because its owner is still at work.
#[derive(Clone)]
pub struct PostgresStore {
    connections: Arc<Connections>,
    schema: Option<String>,
    table: String,
    timeout: Duration,
    is_prepared: bool,
    statements: Arc<Statements>,
}

const DEFAULT_TABLE: &str = "webhook_deliveries";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
/// The delay before the first repetition; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(160);
/// The time limit for connecting. The pool waits at most a fifth of it between two attempts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time limit of a batch of [`PostgresStore::sweep`], and of [`PostgresStore::delete_expired`].
const DELETE_TIMEOUT: Duration = Duration::from_secs(30);
/// The maximum number of rows that [`PostgresStore::sweep`] deletes at once.
const SWEEP_BATCH: u32 = 1_000;
/// The maximum lease and window, a hundred years. A timestamp must not overflow.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Serializes [`PostgresStore::migrate`], also for tables of different names: an arbitrary number.
const MIGRATION_LOCK: i64 = 0x746f_7765_725f_7768;

impl PostgresStore {
    /// The statements that create the table `webhook_deliveries` and its index, for your own migrations.
    /// [`migrate`](Self::migrate) runs them.
    pub const SCHEMA: &str = include_str!("postgres/schema.sql");

    /// Creates a store with the settings of `pool`.
    ///
    /// The store opens connections of its own, at most as many as `pool` may open, and takes one for each statement.
    /// Otherwise claims and heartbeats would wait for the transactions of the handlers, and may time out. For another
    /// maximum, pass a lazy pool with other options. New options for the connections of `pool`, such as a rotated
    /// password, apply to the store as well. Closing `pool` does not close them, so that pending settlements can
    /// still be stored; they are closed when the store's last clone is dropped.
    ///
    /// ```no_run
    /// use tower_webhook::store::PostgresStore;
    ///
    /// fn store(pool: &sqlx::PgPool) -> PostgresStore {
    ///     let options = pool.options().clone().max_connections(5); // the default of sqlx is 10
    ///     PostgresStore::new(options.connect_lazy_with((*pool.connect_options()).clone()))
    /// }
    /// ```
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            connections: Arc::new(Connections::new(pool)),
            schema: None,
            table: DEFAULT_TABLE.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            is_prepared: true,
            statements: Arc::new(Statements::new(&quoted(DEFAULT_TABLE))),
        }
    }

    /// Connects to the server at `url`, with at most ten connections.
    pub(super) async fn connect(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(StoreError::new)?;
        // A pool would repeat a refused connection, and return only that it timed out.
        let trial = timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await;
        let trial = trial.map_err(StoreError::new)?.map_err(StoreError::new)?;
        let _ = timeout(CONNECT_TIMEOUT, trial.close()).await;
        Ok(Self::new(PgPoolOptions::new().connect_lazy_with(options)))
    }

    /// Sets the name of the table. Any name is safe, because it is quoted; it is therefore case-sensitive. Default:
    /// `webhook_deliveries`.
    #[must_use]
    pub fn table(self, table: &str) -> Self {
        Self { table: table.to_owned(), ..self }.with_statements()
    }

    /// Sets the name of the table's schema, which is quoted as well. Default: the first schema of the connection's
    /// `search_path` that has the table.
    #[must_use]
    pub fn schema(self, schema: &str) -> Self {
        Self { schema: Some(schema.to_owned()), ..self }.with_statements()
    }

    fn with_statements(self) -> Self {
        Self { statements: Arc::new(Statements::new(&self.name())), ..self }
    }

    /// Sets the time limit of each call, which includes all repetitions; less than 1 ms counts as 1 ms. At most half
    /// of it is spent on waiting for a connection. Default: 1 s. The layer never waits longer than a second for one
    /// call.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: timeout.max(Duration::from_millis(1)), ..self }
    }

    /// Sends each statement in a transaction and without a name, for a PgBouncer before version 1.21 in transaction
    /// mode, which cannot prepare statements. Each call then takes four round trips. Default: statements are
    /// prepared.
    #[must_use]
    pub fn without_prepared_statements(self) -> Self {
        Self { is_prepared: false, ..self }
    }

    /// Creates the table and its index, and the schema if it is [set](Self::schema), unless the table exists. Several
    /// replicas may call it at once. Requires the permission to create them, unless the table exists.
    ///
    /// # Errors
    ///
    /// Returns an error if the server cannot be reached within 5 s, or if the role lacks a permission.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the transaction creates everything or nothing.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.try_to_migrate().await.map_err(|error| self.failure(error))
    }

    async fn try_to_migrate(&self) -> Result<(), sqlx::Error> {
        let mut connection = self.connections.acquire().await?;
        let mut transaction = connection.get()?.begin().await?;
        self.create_table(&mut transaction).await?;
        transaction.commit().await?;
        connection.give_back();
        Ok(())
    }

    async fn create_table(&self, transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
        let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).persistent(false);
        lock.execute(&mut *transaction).await?;
        let exists = sqlx::query("SELECT to_regclass($1) IS NOT NULL").bind(self.name()).persistent(false);
        if exists.fetch_one(&mut *transaction).await?.try_get(0)? {
            return Ok(());
        }
        if let Some(schema) = &self.schema {
            let exists = sqlx::query("SELECT to_regnamespace($1) IS NOT NULL").persistent(false);
            if !exists.bind(quoted(schema)).fetch_one(&mut *transaction).await?.try_get::<bool, _>(0)? {
                let create = format!("CREATE SCHEMA {}", quoted(schema));
                transaction.execute(sqlx::raw_sql(&create)).await?;
            }
        }
        // Not `RawSql::execute`, whose future the compiler cannot prove to be `Send` in a spawned task.
        transaction.execute(sqlx::raw_sql(&in_table(Self::SCHEMA, &self.name()))).await?;
        Ok(())
    }

    /// Deletes up to `limit` rows that expired more than an hour ago, and returns their number. It skips rows that
    /// are locked. A `limit` of a thousand takes a few milliseconds, also in a large table.
    ///
    /// During the hour, a row keeps its fencing token, which still increases if the server's clock is set back.
    ///
    /// # Errors
    ///
    /// Returns an error if the server fails, or does not answer within 30 s.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the rows are deleted or not.
    pub async fn delete_expired(&self, limit: u32) -> Result<u64, StoreError> {
        let delete = async {
            let mut connection = self.connections.acquire().await?;
            let statement = sqlx::query(&self.statements.delete_expired).bind(i64::from(limit));
            let deleted = statement.persistent(self.is_prepared);
            let deleted = match self.is_prepared {
                true => deleted.execute(connection.get()?).await?,
                false => {
                    let mut transaction = connection.get()?.begin().await?;
                    let deleted = deleted.execute(&mut *transaction).await?;
                    transaction.commit().await?;
                    deleted
                }
            };
            connection.give_back();
            Ok(deleted.rows_affected())
        };
        let deleted = timeout(DELETE_TIMEOUT, delete).await.map_err(StoreError::new)?;
        deleted.map_err(|error| self.failure(error))
    }

    /// Deletes rows that expired more than an hour ago each `interval`, in batches of a thousand, until the future is
    /// dropped. Calls `on_error` with each failure, and then continues at the next interval.
    ///
    /// Several replicas may sweep at once; they skip each other's rows.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use tower_webhook::store::PostgresStore;
    ///
    /// fn spawn_sweep(store: PostgresStore) {
    ///     tokio::spawn(async move {
    ///         store.sweep(Duration::from_secs(60), |error| eprintln!("sweep failed: {error:?}")).await
    ///     });
    /// }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: drop the future, or abort its task, to stop the sweep.
    pub async fn sweep(&self, interval: Duration, mut on_error: impl FnMut(&StoreError)) {
        loop {
            sleep(interval).await;
            loop {
                match self.delete_expired(SWEEP_BATCH).await {
                    Ok(deleted) if deleted == u64::from(SWEEP_BATCH) => sleep(FIRST_PAUSE).await,
                    Ok(_) => break,
                    Err(error) => {
                        on_error(&error);
                        break;
                    }
                }
            }
        }
    }

    /// Returns the quoted name of the table.
    fn name(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(&self.table)),
            None => quoted(&self.table),
        }
    }

    fn failure(&self, error: sqlx::Error) -> StoreError {
        StoreError::new(Failure::new(error, &self.name()))
    }

    /// Runs a statement, and repeats it while a repetition may succeed.
    async fn run<T>(&self, statement: &str, arguments: &Arguments) -> Result<T, Failure>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut failed = None;
        let attempts = async {
            let mut pause = FIRST_PAUSE;
            loop {
                match self.once(statement, arguments).await {
                    Err(error) if failure::may_pass(&error) && arguments.may_repeat(&error) => {
                        failed = Some(error)
                    }
                    answer => return answer,
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        };
        let answer = timeout(self.timeout, attempts).await;
        match (answer, failed) {
            // The last error is more specific than the timeout.
            (Err(_) | Ok(Err(sqlx::Error::PoolTimedOut)), Some(error)) => Err(error),
            (Err(_), None) => return Err(Failure::NoAnswer(self.timeout)),
            (Ok(answer), _) => answer,
        }
        .map_err(|error| Failure::new(error, &self.name()))
    }

    async fn once<T>(&self, statement: &str, arguments: &Arguments) -> Result<T, sqlx::Error>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        // At most half of the time. Otherwise the statements of calls that have waited for most of it time out in
        // turn, and each closes its connection, which keeps a busy server busy.
        let mut connection = self.connections.acquire_within(self.timeout / 2).await?;
        let query = arguments.bind(sqlx::query(statement)).persistent(self.is_prepared);
        let row = match self.is_prepared {
            true => query.fetch_one(connection.get()?).await,
            // PgBouncer assigns a server connection to each transaction. Preparing and running are two steps, which
            // must reach the same server connection.
            false => {
                let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
                let mut transaction = connection.get()?.begin_with(begin).await?;
                let row = query.fetch_one(&mut *transaction).await;
                match row.is_ok() {
                    true => transaction.commit().await?,
                    false => transaction.rollback().await?,
                }
                row
            }
        };
        if row.as_ref().map_or_else(failure::leaves_connection_intact, |_| true) {
            connection.give_back();
        }
        T::from_row(&row?)
    }

    /// Runs a statement that changes a row, and repeats it while a transaction has locked the row.
    async fn change(&self, statement: &str, arguments: &Arguments) -> Result<Changed, StoreError> {
        let mut failure = Failure::NoAnswer(self.timeout);
        let attempts = async {
            let mut pause = FIRST_PAUSE;
            loop {
                match self.run(statement, arguments).await? {
                    Changed::Locked => failure = Failure::Locked,
                    changed => return Ok(changed),
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        };
        timeout(self.timeout, attempts).await.unwrap_or_else(|_| Err(failure)).map_err(StoreError::new)
    }
}

impl Store for PostgresStore {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        let arguments = Arguments::of(key).owner(token).time(lease);
        let claimed = self.run::<(Option<i64>, bool)>(&self.statements.claim, &arguments).await;
        match claimed {
            Ok((Some(fencing_token), _)) => {
                // Microseconds since 1970, so not negative.
                Ok(Claim::Acquired { fencing_token: u64::try_from(fencing_token).unwrap_or_default() })
            }
            Ok((None, true)) => Ok(Claim::Completed),
            Ok((None, false)) => Ok(Claim::InProgress),
            Err(failure) if failure.is_insertion_timeout() => Ok(Claim::InProgress),
            Err(failure) => Err(StoreError::new(failure)),
        }
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        let arguments = Arguments::of(key).owner(token).time(lease);
        let extended = self.run::<Changed>(&self.statements.extend, &arguments).await;
        // A locked row is still claimed: a transaction of the owner has probably locked it.
        extended.map(|changed| changed != Changed::Lost).map_err(StoreError::new)
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        let arguments = Arguments::of(key).owner(token).time(window);
        Ok(self.change(&self.statements.complete, &arguments).await? == Changed::Done)
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        let arguments = Arguments::of(key).owner(token);
        Ok(self.change(&self.statements.release, &arguments).await? == Changed::Done)
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        Ok(self.change(&self.statements.forget, &Arguments::of(key)).await? == Changed::Done)
    }

    fn answers_within(&self) -> Option<Duration> {
        Some(self.timeout)
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Omits the connections, whose options contain the address and the user of the server.
        f.debug_struct("PostgresStore")
            .field("schema", &self.schema)
            .field("table", &self.table)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The statements, with the name of the table.
struct Statements {
    claim: String,
    extend: String,
    complete: String,
    release: String,
    forget: String,
    complete_in: String,
    insert_in: String,
    delete_expired: String,
}

impl Statements {
    fn new(table: &str) -> Self {
        Self {
            claim: in_table(include_str!("postgres/claim.sql"), table),
            extend: in_table(include_str!("postgres/extend.sql"), table),
            complete: in_table(include_str!("postgres/complete.sql"), table),
            release: in_table(include_str!("postgres/release.sql"), table),
            forget: in_table(include_str!("postgres/forget.sql"), table),
            complete_in: in_table(include_str!("postgres/complete_in.sql"), table),
            insert_in: in_table(include_str!("postgres/insert_in.sql"), table),
            delete_expired: in_table(include_str!("postgres/delete_expired.sql"), table),
        }
    }
}

/// Returns `statement` for the table of this quoted name. A common table expression would hide a table of its name.
fn in_table(statement: &str, table: &str) -> String {
    let prefix = if table.starts_with("\"cte_") { "with_" } else { "cte_" };
    statement.replace("cte_", prefix).replace(DEFAULT_TABLE, table)
}

/// Quotes an identifier. The protocol ends a statement at a NUL.
fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\"").replace('\0', "\u{fffd}"))
}

/// The arguments of a statement.
struct Arguments {
    key: String,
    owner: Option<[u8; 16]>,
    micros: Option<i64>,
}

impl Arguments {
    fn of(key: &Key) -> Self {
        let mut name = String::with_capacity(key.as_str().len());
        key.write_name(&mut name);
        Self { key: name, owner: None, micros: None }
    }

    fn owner(self, token: &Token) -> Self {
        Self { owner: Some(token.to_bytes()), ..self }
    }

    fn time(self, time: Duration) -> Self {
        let micros = i64::try_from(time.min(FOR_EVER).as_micros()).unwrap_or(i64::MAX);
        Self { micros: Some(micros), ..self }
    }

    /// Returns whether the statement may be repeated after the error. `forget` has no token, so a repetition
    /// cannot tell whether the first call has forgotten the key. But a statement with an error of the server has
    /// changed nothing.
    fn may_repeat(&self, error: &sqlx::Error) -> bool {
        self.owner.is_some() || error.as_database_error().is_some()
    }

    fn bind<'q>(&'q self, query: Query<'q, Postgres, PgArguments>) -> Query<'q, Postgres, PgArguments> {
        let query = query.bind(&self.key);
        let query = match &self.owner {
            Some(owner) => query.bind(&owner[..]),
            None => query,
        };
        match self.micros {
            Some(micros) => query.bind(micros),
            None => query,
        }
    }
}

/// The result of a statement that changes a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changed {
    Done,
    /// The token does not hold the claim or, for `forget`, the key is not completed.
    Lost,
    /// The owner has completed the claim, so it is not released.
    Completed,
    /// A transaction has locked the row.
    Locked,
}

impl FromRow<'_, PgRow> for Changed {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(match row.try_get(0)? {
            "done" => Self::Done,
            "completed" => Self::Completed,
            "locked" => Self::Locked,
            _ => Self::Lost,
        })
    }
}
