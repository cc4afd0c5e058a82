use std::{fmt, sync::OnceLock, time::Duration};

use data_encoding::HEXLOWER;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, IntoConnectionInfo, RedisError,
    RetryMethod, ServerErrorKind,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig},
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use sha1::{Digest, Sha1};
use tokio::time::sleep;

use super::{Claim, Key, Store, StoreError, Token};
use crate::task::timeout;

/// A [`Store`] in Redis, for several replicas of a service: what one of them has handled is a
/// duplicate for all.
///
/// ```no_run
/// use tower_webhook::{BoxError, Secret, WebhookLayer, store::RedisStore};
///
/// # async fn demo(secret: Secret) -> Result<(), BoxError> {
/// let store = RedisStore::connect("redis://127.0.0.1").await?.prefix("shop");
/// let layer = WebhookLayer::new(secret).dedupe(store);
/// # Ok(())
/// # }
/// ```
///
/// A delivery that is handled takes two round trips, one to claim and one to settle; a duplicate
/// takes one, or [none](super::CachedStore). Each is one script over one key, so it is atomic, and
/// works on a Cluster. Leases and windows are measured by the server's clock alone.
///
/// # The server
///
/// Redis 6.2 or later, or Valkey.
///
/// * `maxmemory-policy noeviction`. Under any other a full server drops records, and with them
///   claims that are running. Under this it refuses new claims, which is a failure of the store;
///   claims that were made can still be extended and settled. A record takes some 260 bytes; there
///   are as many as deliveries in a window.
/// * `appendonly yes`. With `appendfsync everysec` a crash of the machine may forget the last
///   second's records, and their deliveries may run again; with `always` it forgets nothing.
/// * Replication is asynchronous: what was written right before a fail-over may be forgotten. `WAIT`
///   is not used.
///
/// * For a user of its own: `+ping +evalsha +eval +hmget +hset +hdel +del +pexpire +time`, and
///   `~{prefix}:*`.
///
/// The keys are `{prefix}:{scope}:{id}`, where a `:`, `%`, space or control character within scope
/// or id is percent-encoded. A prefix with a part in braces, such as `{shop}`, makes a Cluster keep
/// all of them on one node: leave braces out.
///
/// # When it fails
///
/// Each call is waited for a second ([`timeout`](Self::timeout)). Timeout that time what can be
/// repeated is repeated, over a new connection if the old one broke: every script compares the
/// claimant's token and answers a repetition as it did the first time. So a restart of the server
/// that takes less time than that is not even noticed. After that it is
/// [`StoreFailure`](crate::StoreFailure)'s turn. Where a connection breaks while the server is
/// suspended, it may see a claim after its release: that key is then free again a lease later.
///
/// # Connections
///
/// [`connect`](Self::connect) makes one connection, which all deliveries share and which is made
/// anew, for as long as it takes, when it breaks, or when its server has become a replica: a fail-over
/// behind one address is followed. [`new`](Self::new) takes any connection of the
/// `redis` crate that can be cloned: a `ConnectionManager` with settings of your own, a
/// `ClusterConnection` (its feature `cluster-async`), or your own type; `examples/redis_sentinel.rs`
/// is one that asks Sentinel where the master is. A `MultiplexedConnection` does for tests: it does
/// not reconnect.
///
/// `rediss://` needs TLS, of which the `redis` crate offers several kinds. Choose one in your own
/// `Cargo.toml`; it is then on here, too:
///
/// ```toml
/// redis = { version = "1", default-features = false, features = ["tokio-rustls-comp", "tls-rustls-webpki-roots"] }
/// ```
#[derive(Clone)]
pub struct RedisStore<C = ConnectionManager> {
    connection: C,
    prefix: String,
    timeout: Duration,
    /// Whether the connection is made anew when it breaks, and so may be broken off.
    reconnects: bool,
}

const DEFAULT_PREFIX: &str = "webhook";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long to wait before the first repetition; twice as long before each further.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How long to wait at most before connecting once more.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a server may not react before its connection counts as broken.
const SILENCE: Duration = Duration::from_secs(10);
/// No lease or window is longer, a hundred years: Redis adds it to the time.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);

impl RedisStore {
    /// Connects to the server at `url`: `redis://[user:password@]host[:port][/database]`, with
    /// `rediss` for TLS, or `redis+unix:///path` for a socket.
    ///
    /// # Errors
    ///
    /// If the URL is wrong, or the server cannot be reached or does not let us in within 5 s. Later it
    /// may come and go; now is the time to tell a wrong address or password.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled, as does each operation of the store.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time, and leaves no connection behind.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let server = url.into_connection_info().map_err(StoreError::new)?.set_tcp_settings(tcp_settings());
        let client = Client::open(server).map_err(StoreError::new)?;
        // A connection for the trial alone: the other would try again and again.
        let trial = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIMEOUT));
        let trial = async {
            let connection = client.get_multiplexed_async_connection_with_config(&trial).await;
            RedisStore::new(connection.map_err(StoreError::new)?).try_out().await
        };
        timeout(CONNECT_TIMEOUT, trial).await.map_err(StoreError::new)??;
        let manager = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            // Each call has its own time limit, which covers reconnecting as well.
            .set_response_timeout(None)
            // For ever: the manager would keep for good an error that it gives up with, such as
            // "max number of clients reached".
            .set_number_of_retries(usize::MAX)
            .set_min_delay(FIRST_PAUSE)
            .set_max_delay(LONGEST_PAUSE);
        let manager = ConnectionManager::new_lazy_with_config(client, manager);
        Ok(Self { reconnects: true, ..Self::new(manager.map_err(StoreError::new)?) })
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// A store over `connection`, which is cloned for each call.
    pub fn new(connection: C) -> Self {
        Self { connection, prefix: DEFAULT_PREFIX.to_owned(), timeout: DEFAULT_TIMEOUT, reconnects: false }
    }

    /// Begins all keys with `prefix`, which keeps applications apart that share a server. Default:
    /// `webhook`.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self }
    }

    /// How long an answer is waited for, repetitions included; less than 1 ms counts as 1 ms.
    /// Default: 1 s. The layer waits for no store longer than that.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: timeout.max(Duration::from_millis(1)), ..self }
    }

    /// Whether the server lets itself be talked to.
    async fn try_out(&self) -> Result<(), StoreError> {
        let (mut connection, mut ping) = (self.connection.clone(), Cmd::new());
        match ping.arg("PING").query_async::<String>(&mut connection).await {
            // It knows who we are; the scripts need not be allowed to ping.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) => Ok(()),
            Err(error) => Err(StoreError::new(error)),
            Ok(_) => Ok(()),
        }
    }

    /// Runs a script that answers a repetition as it did the first time, and repeats it while that
    /// may help.
    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        key: &Key,
        arguments: &[String],
    ) -> Result<T, StoreError> {
        let key = self.key(key);
        let mut failed = None;
        let tries = async {
            let mut pause = FIRST_PAUSE;
            loop {
                match self.once(script, &key, arguments).await {
                    Err(error) if self.reconnects && is_read_only(&error) => {
                        self.break_off().await;
                        failed = Some(error);
                    }
                    Err(error) if may_pass(&error) => failed = Some(error),
                    answer => return answer,
                }
                sleep(pause).await;
                pause *= 2;
            }
        };
        match timeout(self.timeout, tries).await {
            Ok(answer) => answer.map_err(StoreError::new),
            // What went wrong says more than that it took too long.
            Err(elapsed) => Err(failed.map_or_else(|| StoreError::new(elapsed), StoreError::new)),
        }
    }

    /// Ends the connection, so that a new one is made: to whichever server is the master by now, where
    /// they share an address. The server that was it keeps its connections, and refuses all writes.
    async fn break_off(&self) {
        let mut connection = self.connection.clone();
        let _ = Cmd::new().arg("QUIT").exec_async(&mut connection).await;
    }

    /// Runs a script: in one round trip, or two if the server does not know it yet.
    async fn once<T: FromRedisValue>(
        &self,
        script: &Script,
        key: &str,
        arguments: &[String],
    ) -> Result<T, RedisError> {
        let mut connection = self.connection.clone();
        let command = |name, script: &str| {
            let mut command = Cmd::new();
            command.arg(name).arg(script).arg(1).arg(key).arg(arguments);
            command
        };
        match command("EVALSHA", script.digest()).query_async(&mut connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                command("EVAL", script.text).query_async(&mut connection).await
            }
            answer => answer,
        }
    }

    /// The scope and the id contain no separator, so wherever the prefix ends it is another key.
    fn key(&self, key: &Key) -> String {
        let mut text = String::with_capacity(self.prefix.len() + key.as_str().len() + 1);
        text.push_str(&self.prefix);
        for part in [key.scope(), key.id()] {
            text.push(':');
            for char in part.chars() {
                match char {
                    ':' | '%' | ' ' | '\0'..='\x1f' | '\x7f' => {
                        text.push('%');
                        HEXLOWER.encode_append(&[char as u8], &mut text);
                    }
                    _ => text.push(char),
                }
            }
        }
        text
    }
}

/// Whether it may go well the next time. Nothing is known of whether the script ran.
fn may_pass(error: &RedisError) -> bool {
    !matches!(error.retry_method(), RetryMethod::NoRetry)
}

fn is_read_only(error: &RedisError) -> bool {
    // Before Redis 7 what a script met is told within an error of the script's.
    let met_in_script = || error.detail().is_some_and(|detail| detail.contains(": -READONLY "));
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) || met_in_script()
}

/// In whole milliseconds, and at least one: the units and the least that Redis knows.
fn millis(time: Duration) -> String {
    time.min(FOR_EVER).as_micros().div_ceil(1000).max(1).to_string()
}

/// A server that is cut off sends no word of it: without these it would take a quarter of an hour
/// until the connection counts as broken and a new one is made.
fn tcp_settings() -> TcpSettings {
    let keepalive = TcpKeepalive::new().with_time(SILENCE / 2).with_interval(SILENCE / 10);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(any(target_os = "android", target_os = "linux"))]
    let settings = settings.set_user_timeout(SILENCE);
    settings
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Store for RedisStore<C> {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        let (kind, number): (u8, i64) = self.run(&CLAIM, key, &[token.to_string(), millis(lease)]).await?;
        match (kind, u64::try_from(number)) {
            (0, Ok(fencing_token)) => Ok(Claim::Acquired { fencing_token }),
            (1, _) => Ok(Claim::InProgress),
            (2, _) => Ok(Claim::Completed),
            _ => Err(StoreError::new("the server answered a claim with something else")),
        }
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.run(&EXTEND, key, &[token.to_string(), millis(lease)]).await
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        self.run(&COMPLETE, key, &[token.to_string(), millis(window)]).await
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        self.run(&RELEASE, key, &[token.to_string()]).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        // Not repeated: no token tells whether it was this that forgot it.
        match timeout(self.timeout, self.once(&FORGET, &self.key(key), &[])).await {
            Ok(answer) => answer.map_err(StoreError::new),
            Err(elapsed) => Err(StoreError::new(elapsed)),
        }
    }

    fn answers_within(&self) -> Option<Duration> {
        Some(self.timeout)
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A script, and the digest by which a server that has run it knows it.
struct Script {
    text: &'static str,
    digest: OnceLock<String>,
}

static CLAIM: Script = Script::new(include_str!("redis/claim.lua"));
static EXTEND: Script = Script::new(include_str!("redis/extend.lua"));
static COMPLETE: Script = Script::new(include_str!("redis/complete.lua"));
static RELEASE: Script = Script::new(include_str!("redis/release.lua"));
static FORGET: Script = Script::new(include_str!("redis/forget.lua"));

impl Script {
    const fn new(text: &'static str) -> Self {
        Self { text, digest: OnceLock::new() }
    }

    fn digest(&self) -> &str {
        self.digest.get_or_init(|| HEXLOWER.encode(&Sha1::digest(self.text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Or each operation would be sent twice, the second time with its script.
    #[test]
    fn a_script_is_known_by_the_digest_that_redis_gives_it() {
        assert_eq!(Script::new("return 1").digest(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    }

    #[test]
    fn a_read_only_server_is_known_by_the_errors_of_every_version() {
        let is_read_only = |text: &str| {
            let answer = redis::parse_redis_value(format!("-{text}\r\n").as_bytes());
            answer.and_then(redis::Value::extract_error).is_err_and(|error| is_read_only(&error))
        };
        assert!(is_read_only(
            "READONLY You can't write against a read only replica. script: 88e0, on @user_script:21."
        ));
        // As Redis 6.2 has it.
        let in_script = "ERR Error running script (call to f_88e0): @user_script:21: @user_script: 21: ";
        assert!(is_read_only(&format!("{in_script}-READONLY You can't write against a read only replica.")));
        assert!(!is_read_only(&format!(
            "{in_script}-OOM command not allowed when used memory > 'maxmemory'."
        )));
    }
}
