//! Redis servers for tests, each on a free port and in a temporary directory. Dropping one stops it.

use std::{
    collections::BTreeMap,
    env, fs,
    hash::{BuildHasher, Hasher, RandomState},
    io::ErrorKind,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, FromRedisValue, RedisError, RedisResult, aio::MultiplexedConnection,
};
use tower_webhook::store::RedisStore;

pub use self::until::until;

#[allow(clippy::duplicate_mod, reason = "programs that use both servers include the file twice")]
#[path = "../common/until.rs"]
mod until;

pub struct Server {
    process: Child,
    pub port: u16,
    pub directory: PathBuf,
    arguments: Vec<String>,
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// Starts a server with additional arguments.
    pub async fn start_with(arguments: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let arguments: Vec<_> = arguments.split_whitespace().map(str::to_owned).collect();
        for _ in 0..20 {
            let name = format!("redis-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let directory = std::env::temp_dir().join(name);
            fs::create_dir(&directory).unwrap();
            let port = free_port();
            let process = spawn(port, &directory, &arguments);
            let mut server = Self { process, port, directory, arguments: arguments.clone() };
            // Another process may have taken the port in the meantime.
            if server.is_up().await {
                return server;
            }
        }
        panic!("redis-server exits right after starting with {arguments:?}; run it by hand to see why");
    }

    /// Starts a replica of this server, and waits until it is connected.
    pub async fn start_replica(&self) -> Self {
        let replica = Self::start_with(&format!("--replicaof 127.0.0.1 {}", self.port)).await;
        until("the Redis replica is connected to the master", async || {
            replica.responds("INFO replication", "master_link_status:up").await
        })
        .await;
        replica
    }

    /// Kills the server, like a crash.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts the server again, with its persisted data.
    pub async fn restart(&mut self) {
        self.process = spawn(self.port, &self.directory, &self.arguments);
        assert!(self.is_up().await, "redis-server did not restart; its port may be taken");
    }

    /// Sends `STOP` or `CONT`.
    pub fn signal(&self, signal: &str) {
        // Use the shell's built-in `kill`: some machines have no `kill` program.
        let kill = format!("kill -{signal} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until the server is ready; returns `false` if it has exited.
    async fn is_up(&mut self) -> bool {
        let mut up = false;
        until("redis-server is ready", async || {
            if self.process.try_wait().unwrap().is_some() {
                return true;
            }
            let Ok(mut connection) = self.client().get_multiplexed_async_connection().await else {
                return false;
            };
            // Check the process id: another test's server may have taken the port first.
            let own = format!("process_id:{}\r", self.process.id());
            let answer = redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await;
            // A server that requires a password is ready; one that is still loading its data is not.
            let requires_password = |error: RedisError| error.code() == Some("NOAUTH");
            let is_loading = redis::cmd("PING").query_async::<String>(&mut connection).await.is_err();
            up = answer.map_or_else(requires_password, |facts| facts.contains(&own) && !is_loading);
            up
        })
        .await;
        up
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn client(&self) -> Client {
        Client::open(self.url()).unwrap()
    }

    pub async fn store(&self) -> RedisStore {
        RedisStore::connect(&self.url()).await.unwrap()
    }

    /// Opens a connection for the test itself, without a response timeout.
    pub async fn connection(&self) -> MultiplexedConnection {
        self.try_to_connect().await.unwrap()
    }

    async fn try_to_connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        self.client().get_multiplexed_async_connection_with_config(&config).await
    }

    /// Runs a command in the syntax of `redis-cli`, without quotes.
    pub async fn run<T: FromRedisValue>(&self, command: &str) -> T {
        self.try_to_run(command).await.unwrap()
    }

    /// Runs a command and returns an error if the server cannot be reached or the connection breaks.
    pub async fn try_to_run<T: FromRedisValue>(&self, command: &str) -> RedisResult<T> {
        let words: Vec<_> = command.split_whitespace().collect();
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut self.try_to_connect().await?).await
    }

    /// Returns whether the server is reachable and its response to `command` contains `text`. For polling.
    pub async fn responds(&self, command: &str, text: &str) -> bool {
        self.try_to_run::<String>(command).await.is_ok_and(|response| response.contains(text))
    }

    pub async fn set(&self, setting: &str) {
        self.run::<()>(&format!("CONFIG SET {setting}")).await;
    }

    /// Advances the time of all records. The server's clock cannot be set, so this shortens every time to live.
    pub async fn advance(&self, time: Duration) {
        const SCRIPT: &str = "
            for _, key in ipairs(redis.call('KEYS', '*')) do
                local left = redis.call('PTTL', key)
                if left == -1 then return redis.error_reply(key .. ' has no time to live') end
                redis.call('PEXPIRE', key, left - ARGV[1])
            end";
        let milliseconds = u64::try_from(time.as_millis()).unwrap();
        let mut command = redis::cmd("EVAL");
        command.arg(SCRIPT).arg(0).arg(milliseconds);
        command.query_async::<()>(&mut self.connection().await).await.unwrap();
    }

    /// Returns the number of commands from clients since `CONFIG RESETSTAT`, without the test's own.
    pub async fn round_trips(&self) -> u64 {
        const BY_SCRIPTS: [&str; 6] = ["hmget", "hset", "hdel", "del", "pexpire", "time"];
        let mut calls = self.calls().await;
        calls.retain(|name, _| !BY_SCRIPTS.contains(&name.as_str()));
        calls.retain(|name, _| !["config", "info", "client"].contains(&name.split('|').next().unwrap()));
        calls.values().sum()
    }

    /// Returns the number of runs of each command since `CONFIG RESETSTAT`, by clients and by scripts.
    pub async fn calls(&self) -> BTreeMap<String, u64> {
        let stats: String = self.run("INFO commandstats").await;
        let calls = stats.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), rest.split_once(',')?.0.parse().unwrap()))
        });
        calls.collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Spawns `redis-server`, or the program in `REDIS_SERVER`, to test another version or Valkey.
fn spawn(port: u16, directory: &PathBuf, arguments: &[String]) -> Child {
    let program = env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
    let mut command = Command::new(&program);
    // A configuration file, like Sentinel's, must be the first argument.
    let (configuration, arguments): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|argument| argument.ends_with(".conf"));
    command.args(configuration);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]).args(arguments);
    command.current_dir(directory).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!(
            "these tests need {}: install the package `redis-server` (Debian, Ubuntu) or \
             `redis` (elsewhere); `sh tests/all.sh` does",
            program.display()
        ),
        _ => panic!("{} does not start: {error}", program.display()),
    })
}

/// Returns a port whose Cluster bus port is free as well. Both are below the ephemeral range, so that no outgoing
/// connection takes them while the server is down.
fn free_port() -> u16 {
    loop {
        let random = RandomState::new().build_hasher().finish();
        let port = 10_000 + u16::try_from(random % 12_000).unwrap();
        if [port, port + 10_000].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
            return port;
        }
    }
}
