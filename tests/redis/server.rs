//! Redis servers of the tests' own: on free ports, in directories of their own, gone when dropped.

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

/// Asks `done` again and again until it says so; a test that waits in vain fails.
pub async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

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

    /// A server with more arguments than the port and the directory.
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
            // Somebody else may have taken the port in the meantime.
            if server.is_up().await {
                return server;
            }
        }
        panic!("redis-server ends as soon as it is started with {arguments:?}: try that by hand");
    }

    /// As a crash would.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// The same server again, with what it has kept.
    pub async fn restart(&mut self) {
        self.process = spawn(self.port, &self.directory, &self.arguments);
        assert!(self.is_up().await, "the server does not start again: is its port taken?");
    }

    /// `STOP` or `CONT`.
    pub fn signal(&self, signal: &str) {
        // The shell's own `kill`: not every machine has it as a program.
        let kill = format!("kill -{signal} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until it answers; `false` if it has ended.
    async fn is_up(&mut self) -> bool {
        let mut up = false;
        until("a redis-server answers", async || {
            if self.process.try_wait().unwrap().is_some() {
                return true;
            }
            let Ok(mut connection) = self.client().get_multiplexed_async_connection().await else {
                return false;
            };
            // Not any that answers there: another test's may have got the port first.
            let own = format!("process_id:{}\r", self.process.id());
            let answer = redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await;
            // Asking for a password is an answer, too; still reading what it has kept is not.
            let asks = |error: RedisError| error.code() == Some("NOAUTH");
            let is_loading = redis::cmd("PING").query_async::<String>(&mut connection).await.is_err();
            up = answer.map_or_else(asks, |facts| facts.contains(&own) && !is_loading);
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

    /// A connection for the test itself, which waits as long as it takes.
    pub async fn connection(&self) -> MultiplexedConnection {
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        self.client().get_multiplexed_async_connection_with_config(&config).await.unwrap()
    }

    /// Runs a command that is written as for `redis-cli`, without quotes.
    pub async fn run<T: FromRedisValue>(&self, command: &str) -> T {
        self.try_to_run(command).await.unwrap()
    }

    /// The same where the connection may be cut.
    pub async fn try_to_run<T: FromRedisValue>(&self, command: &str) -> RedisResult<T> {
        let mut words = command.split_whitespace();
        let mut command = redis::cmd(words.next().unwrap());
        words.for_each(|word| {
            command.arg(word);
        });
        command.query_async(&mut self.connection().await).await
    }

    pub async fn set(&self, setting: &str) {
        self.run::<()>(&format!("CONFIG SET {setting}")).await;
    }

    /// Lets the time of all records pass. It is the server's, which cannot be set; so their ends
    /// are brought forward.
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

    /// How many commands clients have sent since `CONFIG RESETSTAT`, the test's own aside.
    pub async fn round_trips(&self) -> u64 {
        const BY_SCRIPTS: [&str; 6] = ["hmget", "hset", "hdel", "del", "pexpire", "time"];
        let mut calls = self.calls().await;
        calls.retain(|name, _| !BY_SCRIPTS.contains(&name.as_str()));
        calls.retain(|name, _| !["config", "info", "client"].contains(&name.split('|').next().unwrap()));
        calls.values().sum()
    }

    /// How often each command was run since `CONFIG RESETSTAT`, by clients and by scripts.
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

/// The server's program: `redis-server`, or the one that `REDIS_SERVER` names, to try another version or Valkey.
fn spawn(port: u16, directory: &PathBuf, arguments: &[String]) -> Child {
    let program = env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
    let mut command = Command::new(&program);
    // A configuration that is written, as Sentinel's, comes first.
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

/// One for which that of a Cluster's bus is free as well, and of which no connection is given the number
/// while the server is away: those are above.
fn free_port() -> u16 {
    loop {
        let random = RandomState::new().build_hasher().finish();
        let port = 10_000 + u16::try_from(random % 12_000).unwrap();
        if [port, port + 10_000].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
            return port;
        }
    }
}
