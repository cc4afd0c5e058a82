use std::{error::Error, fmt, sync::OnceLock, time::Duration};

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

/// A [`Store`] in Redis, for several replicas of a service: a delivery handled by one replica is a duplicate
/// for all of them.
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
/// A delivery takes two round trips, one to claim and one to settle; a long-running handler adds one for each
/// heartbeat. A duplicate takes one, or none behind a [`CachedStore`](super::CachedStore). Each round trip
/// runs a single script on a single key, so it is atomic and works on a Cluster. Leases and windows use only
/// the server's clock.
///
/// # Server configuration
///
/// Requires Redis 6.2 or later, or Valkey.
///
/// * `maxmemory-policy noeviction`. With any other policy, a full server evicts records, including claims in
///   progress. With `noeviction` it rejects new claims, which is a store failure, but existing claims can
///   still be extended and settled. A record takes about 260 bytes; there is one for each delivery in a
///   window.
/// * `appendonly yes`. With `appendfsync everysec`, a crash of the machine may lose the records of the last
///   second, whose deliveries may run again. With `appendfsync always`, such a crash loses no record.
/// * Replication is asynchronous: records written just before a failover may be lost. `WAIT` is not used.
/// * Permissions of a dedicated user: `+ping +evalsha +eval +hmget +hset +hdel +del +pexpire +time` and
///   `~{prefix}:*`; also `+select` if the URL has a database, and `+cluster` for a Cluster.
///
/// The keys are `{prefix}:{scope}:{id}`, that is, the prefix and the deduplication key. Its scope is
/// [`Key::scope`](super::Key::scope), by default `{provider}-{scope}`. A `:`, `%`, space or control character
/// within scope or id is percent-encoded. Do not use braces in the prefix: with a prefix such as `{shop}`, a
/// Cluster stores all keys on one node.
///
/// # Failures
///
/// Each call has a time limit of a second ([`timeout`](Self::timeout)). Within the time limit, every call
/// except `forget` is retried after a temporary failure, over a new connection if the old one broke. This is
/// safe because the retried scripts compare the owner token, and answer a repetition like the first call. A
/// short restart of the server therefore goes unnoticed. After the time limit, or at once if a retry cannot
/// help, the layer's [`StoreFailure`](crate::StoreFailure) policy applies. If a connection breaks while the
/// server process is paused, a claim may stay queued on the old connection while the store repeats it on the
/// new one. If the server processes the queued copy after the claim was released, the key is claimed again,
/// and stays so until the lease expires.
///
/// # Connections
///
/// [`connect`](Self::connect) creates one connection, shared by all deliveries. When the connection breaks,
/// or when the server has become a replica, the store reconnects, with unlimited attempts. It therefore
/// follows a failover behind one address. [`new`](Self::new) accepts any cloneable connection of the `redis`
/// crate: a `ConnectionManager` with custom settings, a `ClusterConnection` (feature `cluster-async` of that
/// crate), or a custom type, such as the one in `examples/redis_sentinel.rs`, which asks Sentinel for the
/// master. A `MultiplexedConnection` does not reconnect, so use it only in tests.
///
/// `rediss://` requires TLS, for which the `redis` crate offers several features. Enable one in your own
/// `Cargo.toml`; it then also applies here:
///
/// ```toml
/// redis = { version = "1", default-features = false, features = ["tokio-rustls-comp", "tls-rustls-webpki-roots"] }
/// ```
#[derive(Clone)]
pub struct RedisStore<C = ConnectionManager> {
    connection: C,
    prefix: String,
    timeout: Duration,
    /// `true` if the connection reconnects by itself. The store may then close it.
    reconnects: bool,
}

const DEFAULT_PREFIX: &str = "webhook";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
/// The delay before the first retry; it doubles with each further retry.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The maximum delay before reconnecting.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// The time limit for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time after which a connection to an unresponsive server counts as broken.
const SILENCE: Duration = Duration::from_secs(10);
/// The maximum lease and window, a hundred years. Redis adds the duration to the current time, and the sum
/// must not overflow.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
/// The permissions for the commands of all calls. The documentation of [`RedisStore`] lists them as well.
const COMMANDS: &str = "+evalsha +eval +hmget +hset +hdel +del +pexpire +time";

impl RedisStore {
    /// Connects to the server at `url`: `redis://[user:password@]host[:port][/database]`, `rediss://…` for
    /// TLS, or `redis+unix:///path` for a socket.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is invalid, or if the server rejects the login or cannot be reached within
    /// 5 s. Later failures of the server are store failures; checking now reveals a wrong address or password
    /// at start-up.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with I/O and time enabled. The same applies to each operation of the
    /// store.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped future leaves no connection behind.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let server = url.into_connection_info().map_err(StoreError::new)?.set_tcp_settings(tcp_settings());
        let client = Client::open(server).map_err(StoreError::new)?;
        // A separate connection for the check, because the other one retries indefinitely.
        let trial = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIMEOUT));
        let trial = async {
            let connection = client.get_multiplexed_async_connection_with_config(&trial).await;
            RedisStore::new(connection.map_err(StoreError::new)?).try_out().await
        };
        timeout(CONNECT_TIMEOUT, trial).await.map_err(StoreError::new)??;
        let manager = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            // Each call has its own time limit, which includes reconnecting.
            .set_response_timeout(None)
            // Unlimited: a manager that has given up keeps returning the last error, such as "max number of
            // clients reached".
            .set_number_of_retries(usize::MAX)
            .set_min_delay(FIRST_PAUSE)
            .set_max_delay(LONGEST_PAUSE);
        let manager = ConnectionManager::new_lazy_with_config(client, manager);
        Ok(Self { reconnects: true, ..Self::new(manager.map_err(StoreError::new)?) })
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// Creates a store with `connection`, which is cloned for each call.
    pub fn new(connection: C) -> Self {
        Self { connection, prefix: DEFAULT_PREFIX.to_owned(), timeout: DEFAULT_TIMEOUT, reconnects: false }
    }

    /// Sets the prefix of all keys, which separates applications that share a server. Default: `webhook`.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self }
    }

    /// Sets the time limit of each call, including retries; less than 1 ms counts as 1 ms. Default: 1 s. The
    /// layer never waits longer than a second for one call.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: timeout.max(Duration::from_millis(1)), ..self }
    }

    /// Checks that the server accepts commands.
    async fn try_out(&self) -> Result<(), StoreError> {
        let (mut connection, mut ping) = (self.connection.clone(), Cmd::new());
        match ping.arg("PING").query_async::<String>(&mut connection).await {
            // The login succeeded; the user only lacks the permission to ping.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) => Ok(()),
            Err(error) => Err(StoreError::new(error)),
            Ok(_) => Ok(()),
        }
    }

    /// Runs an idempotent script, and retries it while a retry may succeed.
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
            Ok(answer) => answer.map_err(|error| self.failure(error)),
            // The last error is more specific than the timeout.
            Err(elapsed) => Err(failed.map_or_else(|| StoreError::new(elapsed), StoreError::new)),
        }
    }

    /// Closes the connection, in order to reconnect. Behind a shared address, the new connection reaches the
    /// current master; a former master keeps its connections open, and rejects all writes.
    async fn break_off(&self) {
        let mut connection = self.connection.clone();
        let _ = Cmd::new().arg("QUIT").exec_async(&mut connection).await;
    }

    /// Runs a script, in one round trip, or two if the server has not cached it yet.
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

    /// Returns the error of a call, with the permissions that the store needs if the user lacks one.
    fn failure(&self, error: RedisError) -> StoreError {
        if lacks_permission(&error) {
            return StoreError::new(LacksPermission { prefix: self.prefix.clone(), error });
        }
        StoreError::new(error)
    }

    /// Returns the key's name. The encoded scope and id contain no separator, so names are unambiguous for
    /// any prefix.
    fn key(&self, key: &Key) -> String {
        let mut text = String::with_capacity(self.prefix.len() + key.as_str().len() + 1);
        text.push_str(&self.prefix);
        text.push(':');
        key.write_name(&mut text);
        text
    }
}

/// Returns whether a retry may succeed. The script may have run or not.
fn may_pass(error: &RedisError) -> bool {
    !matches!(error.retry_method(), RetryMethod::NoRetry)
}

fn is_read_only(error: &RedisError) -> bool {
    // Before Redis 7, an error within a script is nested in a script error.
    let met_in_script = || error.detail().is_some_and(|detail| detail.contains(": -READONLY "));
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) || met_in_script()
}

/// Returns whether the user lacks the permission for a script, for a command in it, or for its key.
fn lacks_permission(error: &RedisError) -> bool {
    // Within a script, the code of the error is `ERR`, at least before Redis 7.2.
    let met_in_script = |detail: &str| {
        detail.contains("The user executing the script can't ") || detail.contains("ACL failure in script: ")
    };
    error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) || error.detail().is_some_and(met_in_script)
}

/// The error of a server whose user lacks a permission.
struct LacksPermission {
    prefix: String,
    error: RedisError,
}

impl fmt::Display for LacksPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user lacks a permission: the store needs `{COMMANDS} ~{}:*`", self.prefix)
    }
}

/// The text with its source, because a `main` that returns an error prints it with `Debug`.
impl fmt::Debug for LacksPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}: {}", self.error)
    }
}

impl Error for LacksPermission {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// Formats a duration in whole milliseconds, at least 1, the smallest value in Redis.
fn millis(time: Duration) -> String {
    time.min(FOR_EVER).as_micros().div_ceil(1000).max(1).to_string()
}

/// Returns TCP settings with keepalive. Without it, a connection to an unreachable server would only count as
/// broken after about 15 minutes.
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
            _ => Err(StoreError::new("server returned an unexpected response to a claim")),
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
        // Not retried: without a token, a retry cannot tell whether the first call has forgotten the key.
        match timeout(self.timeout, self.once(&FORGET, &self.key(key), &[])).await {
            Ok(answer) => answer.map_err(|error| self.failure(error)),
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

/// A script with its digest, by which a server identifies a cached script.
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

    /// With a wrong digest, each operation would be sent twice, the second time with its script.
    #[test]
    fn script_digest_matches_that_of_redis() {
        assert_eq!(Script::new("return 1").digest(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    }

    /// Returns whether a function recognizes the server's error.
    fn recognized(text: &str, by: fn(&RedisError) -> bool) -> bool {
        let answer = redis::parse_redis_value(format!("-{text}\r\n").as_bytes());
        answer.and_then(redis::Value::extract_error).is_err_and(|error| by(&error))
    }

    #[test]
    fn read_only_errors_of_every_version_are_recognized() {
        let is_read_only = |text: &str| recognized(text, is_read_only);
        assert!(is_read_only(
            "READONLY You can't write against a read only replica. script: 88e0, on @user_script:21."
        ));
        // The format of Redis 6.2.
        let in_script = "ERR Error running script (call to f_88e0): @user_script:21: @user_script: 21: ";
        assert!(is_read_only(&format!("{in_script}-READONLY You can't write against a read only replica.")));
        assert!(!is_read_only(&format!(
            "{in_script}-OOM command not allowed when used memory > 'maxmemory'."
        )));
    }

    #[test]
    fn missing_permissions_of_every_version_are_recognized() {
        let lacks_permission = |text: &str| recognized(text, lacks_permission);
        assert!(lacks_permission("NOPERM this user has no permissions to run the 'evalsha' command"));
        // The formats of Redis 6.2, 7.0 and later.
        let denied = "The user executing the script can't run this command or subcommand";
        assert!(lacks_permission(&format!(
            "ERR Error running script (call to f_88e0): @user_script:9: @user_script: 9: {denied}"
        )));
        assert!(lacks_permission(&format!("ERR {denied} script: 88e0, on @user_script:9.")));
        assert!(lacks_permission(
            "ERR ACL failure in script: User shop has no permissions to run the 'hmget' command script: 88e0, on \
             @user_script:9."
        ));
        assert!(!lacks_permission("ERR unknown command 'evalsha'"));
    }
}
