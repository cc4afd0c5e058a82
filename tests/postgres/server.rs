//! PostgreSQL servers for tests, each on a free port and in a temporary directory. Dropping one stops it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tower_webhook::store::PostgresStore;

pub use self::until::until;
use crate::tools;

#[allow(clippy::duplicate_mod, reason = "programs that use both servers include the file twice")]
#[path = "../common/until.rs"]
mod until;

pub struct Server {
    process: Child,
    pub port: u16,
    pub directory: PathBuf,
    settings: Vec<String>,
}

impl Server {
    /// Starts a server whose database `postgres` has the table of the store.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with additional settings, such as `max_connections=7`.
    pub async fn start_with(settings: &[&str]) -> Self {
        let server = Self::start_empty(settings).await;
        server.store().await.migrate().await.unwrap();
        server
    }

    /// Starts a server without the table.
    pub async fn start_empty(settings: &[&str]) -> Self {
        let directory = tools::directory();
        let mut initdb = tools::command(&tools::postgres("initdb"), &directory);
        initdb.args(["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]);
        initdb.arg("--wal-segsize=1");
        let output = tools::run(&mut initdb, Command::output);
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        Self::start_in(directory, settings).await
    }

    /// Starts a standby server that replicates this one.
    pub async fn start_standby(&self) -> Self {
        let directory = tools::directory();
        let mut backup = tools::command(&tools::postgres("pg_basebackup"), &directory);
        backup.args(["-D", "data", "-R", "-U", "postgres", "-h", "127.0.0.1", "-c", "fast"]);
        backup.args(["-p", &self.port.to_string()]);
        let output = tools::run(&mut backup, Command::output);
        assert!(output.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&output.stderr));
        Self::start_in(directory, &[]).await
    }

    async fn start_in(directory: PathBuf, settings: &[&str]) -> Self {
        let settings: Vec<_> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        for _ in 0..20 {
            let port = tools::free_port();
            let process = spawn(port, &directory, &settings);
            let mut server = Self { process, port, directory: directory.clone(), settings: settings.clone() };
            // Another process may have taken the port in the meantime.
            if server.is_up().await {
                return server;
            }
            std::mem::forget(server);
        }
        let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
        panic!("postgres exits right after starting: {log}");
    }

    /// Stops the server at once, without finishing its transactions, like a crash.
    pub fn kill(&mut self) {
        self.signal("QUIT");
        self.process.wait().unwrap();
    }

    /// Starts the server again, with its persisted data.
    pub async fn restart(&mut self) {
        self.process = spawn(self.port, &self.directory, &self.settings);
        assert!(self.is_up().await, "postgres did not restart; its port may be taken");
    }

    /// Sends `STOP` or `CONT` to the server and all its processes.
    pub fn signal_all(&self, signal: &str) {
        let mut processes = self.process.id().to_string();
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(stat) = fs::read_to_string(process.path().join("stat")) else { continue };
            // The fields after the name in parentheses: the state, then the parent.
            let parent = stat.rsplit_once(')').and_then(|(_, fields)| fields.split_whitespace().nth(1));
            if parent.is_some_and(|parent| parent == self.process.id().to_string()) {
                processes.push(' ');
                processes.push_str(process.file_name().to_str().unwrap());
            }
        }
        send(signal, &processes);
    }

    fn signal(&self, signal: &str) {
        send(signal, &self.process.id().to_string());
    }

    /// Waits until the server is ready; returns `false` if it has exited.
    async fn is_up(&mut self) -> bool {
        let mut up = false;
        until("postgres is ready", async || {
            if self.process.try_wait().unwrap().is_some() {
                return true;
            }
            // Check the directory: another test's server may have taken the port first.
            let Ok(mut connection) = PgConnection::connect_with(&self.options()).await else { return false };
            let directory = sqlx::query("SHOW data_directory").fetch_one(&mut connection).await;
            let expected = self.directory.join("data");
            up = directory.is_ok_and(|row| row.get::<&str, _>(0) == expected.to_str().unwrap());
            true
        })
        .await;
        up
    }

    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("postgres")
            .database("postgres")
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub async fn pool(&self) -> PgPool {
        pool_of(10, self.options()).await
    }

    /// Returns a store with its own pool, like that of another process.
    pub async fn store(&self) -> PostgresStore {
        PostgresStore::new(self.pool().await)
    }

    /// Opens a connection for the test itself.
    pub async fn connection(&self) -> PgConnection {
        PgConnection::connect_with(&self.options()).await.unwrap()
    }

    /// Begins a transaction with these statements, which ends with its connection.
    pub async fn begin(&self, statements: &str) -> PgConnection {
        let mut connection = self.connection().await;
        sqlx::raw_sql(&format!("BEGIN; {statements}")).execute(&mut connection).await.unwrap();
        connection
    }

    /// Runs statements without a result.
    pub async fn run(&self, statements: &str) {
        sqlx::raw_sql(statements).execute(&mut self.connection().await).await.unwrap();
    }

    /// Returns the single value of a query.
    pub async fn get<T>(&self, query: &str) -> T
    where
        T: for<'r> sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
    {
        sqlx::query(query).fetch_one(&mut self.connection().await).await.unwrap().get(0)
    }

    /// Advances the time of all rows. The server's clock cannot be set, so this shortens every lease and window.
    pub async fn advance(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let advance = "UPDATE webhook_deliveries SET expires_at = expires_at - $1 * interval '1 second'";
        sqlx::query(advance).bind(seconds).execute(&mut self.connection().await).await.unwrap();
    }

    /// Returns the number of statements of the store that the server has run. It must log all statements
    /// ([`LOGGED`]).
    pub fn statements(&self, text: &str) -> usize {
        fs::read_to_string(self.directory.join("log")).unwrap().matches(text).count()
    }
}

/// The setting with which [`Server::statements`] counts.
pub const LOGGED: &str = "log_statement=all";
/// A text that each statement of the store contains once.
pub const ANY_STATEMENT: &str = "-- $1: the key";
pub const HEARTBEAT: &str = "), cte_extended AS (";

pub async fn pool_of(connections: u32, options: PgConnectOptions) -> PgPool {
    let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
    pool.connect_lazy_with(options)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal_all("CONT");
        self.signal("QUIT");
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn spawn(port: u16, directory: &Path, settings: &[String]) -> Child {
    let mut command = tools::command(&tools::postgres("postgres"), directory);
    command.args(["-D", "data", "-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    // A killed process loses nothing that the operating system has, so the tests need no `fsync`.
    command.args(["-c", "fsync=off", "-c", "shared_buffers=16MB"]);
    command.arg("-c").arg(format!("unix_socket_directories={}", directory.display()));
    for setting in settings {
        command.args(["-c", setting]);
    }
    let log = fs::OpenOptions::new().create(true).append(true).open(directory.join("log")).unwrap();
    command.stdout(Stdio::null()).stderr(log);
    tools::run(&mut command, Command::spawn)
}

/// Sends a signal with the shell's built-in `kill`: some machines have no `kill` program.
fn send(signal: &str, processes: &str) {
    let kill = format!("kill -{signal} {processes} 2>/dev/null");
    let _ = Command::new("sh").args(["-c", &kill]).status();
}
