//! An inbox: the endpoint stores each delivery in a Redis Stream and acknowledges it, and workers process it later.
//!
//! ```text
//! redis-server --appendonly yes --appendfsync always --maxmemory 1gb --maxmemory-policy noeviction
//! cargo run --features axum,redis --example inbox            # both roles in one process, or separately:
//! cargo run --features axum,redis --example inbox web 127.0.0.1:3000
//! cargo run --features axum,redis --example inbox worker     # any number of workers
//! ```
//!
//! Then send a delivery, signed as the Standard Webhooks specification says:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!     -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! ```
//!
//! In `redis-cli`, `XRANGE '{inbox}:stream' - +` lists the entries, `XPENDING '{inbox}:stream' workers` the entries
//! that are being processed or await a retry, `XRANGE '{inbox}:dead' - +` the dead letters with their errors, and
//! `HGETALL '{inbox}:packed'` the completed work.
//!
//! # When to use an inbox
//!
//! The layer alone is sufficient if handlers finish before the provider's timeout. If a handler sometimes takes a few
//! seconds longer, and running it twice does no harm, `ack_deadline` is sufficient: the layer answers 503 at the
//! deadline, the handler continues, and a retry gets a 200 once the handler has finished. This needs no further
//! infrastructure, but the provider retries on its own schedule and sees failures.
//!
//! Use an inbox for work that takes minutes or arrives in bursts, for providers that give up early or disable failing
//! endpoints, and for retries on a schedule of your choice. An inbox is a queue that you have to monitor. The example
//! `postgres` has an inbox in PostgreSQL, which stores each delivery exactly once.
//!
//! # Guarantees
//!
//! * **2xx means stored.** The handler stores the delivery. If storing fails, or its result is unknown, the handler
//!   answers 503, so that the layer releases the claim and the provider retries.
//! * **Stored means processed at least once**, or moved to the dead letters after [`Settings::attempts`] attempts. If a
//!   worker dies, another worker takes over its entry.
//! * **The effect happens once.** The layer drops duplicates before they are stored. A delivery can still be stored
//!   twice: if the reply of Redis is lost, or if the process dies after storing the delivery and before the layer has
//!   completed the claim. An entry can also be processed twice, by a stalled worker and by the worker that took over. A
//!   script that stores the entry and completes the layer's claim would prevent only the double storing. So the effect
//!   itself is guarded: one script ([`SETTLE`]) writes the effect together with the delivery's key, unless the key
//!   exists. For effects in SQL, use a transaction (`transaction.rs`). For effects in another service, send the key as
//!   the idempotency key.
//! * **The inbox is bounded, and drops nothing.** Processed entries are deleted. `MAXLEN` is not used, because it drops
//!   the oldest entries, processed or not. An inbox with [`Settings::capacity`] entries, dead letters included, accepts
//!   no more until there is room.
//!
//! # Redis configuration
//!
//! * `appendonly yes` writes deliveries to disk. With `appendfsync always`, this happens before the response. With
//!   `everysec`, a crash of the machine loses the deliveries of the last second.
//! * `maxmemory-policy noeviction`: a full server accepts no new entries, and workers continue. With any other policy,
//!   the server may evict the inbox.
//! * Replication is asynchronous, so a failover may lose the latest writes. If the failover happens behind a single
//!   address, the connections stay with the old master, which refuses writes: restart both roles.

use std::{
    env,
    error::Error,
    str::FromStr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use redis::{
    AsyncCommands, Client, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
    streams::{StreamAutoClaimReply, StreamId, StreamReadReply},
};
use serde::Deserialize;
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{sleep, timeout},
};
use tower_webhook::{BoxError, Delivery, InvalidSecret, Secret, WebhookLayer, store::RedisStore};

// The braces put all keys into one slot of a Redis Cluster. A script can only access keys of one slot.
const STREAM: &str = "{inbox}:stream";
const DEAD: &str = "{inbox}:dead";
const DONE: &str = "{inbox}:done";
/// A hash with the number of times that each order was packed. Your own data takes its place.
const PACKED: &str = "{inbox}:packed";
const GROUP: &str = "workers";

/// The deduplication window of effects, equal to the layer's window.
const WINDOW: Duration = Duration::from_secs(8 * 86_400);
/// The time that a worker waits for a new entry, before it looks for entries to take over.
const BLOCK: Duration = Duration::from_secs(1);
/// The timeout of a worker's Redis commands.
const REDIS_TIMEOUT: Duration = Duration::from_secs(5);
/// The timeout of storing a delivery, since providers only wait for some seconds.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

/// Stores an entry, unless the inbox is full.
const STORE: &str = "
    if redis.call('XLEN', KEYS[1]) + redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[1]) then
        return false
    end
    return redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))";

/// Writes an entry's effect unless the delivery's key exists. Removes the entry in both cases.
///
/// The order of the commands matters, because Redis does not roll back a script that fails halfway. `XCLAIM` comes
/// first for two reasons. It tells whether the entry still exists. And it is a write that needs no memory: after such a
/// write, a full server also executes the script's other writes (in a `MULTI` it would not). The effect comes before
/// `SET` and `XACK`, which record that it was written.
const SETTLE: &str = "
    if #redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'JUSTID') == 0 then
        return false
    end
    local first = redis.call('EXISTS', KEYS[2]) == 0
    if first then
        if ARGV[5] ~= '' then
            redis.call('HINCRBY', KEYS[3], ARGV[5], 1)
        end
        redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
    end
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
    redis.call('XDEL', KEYS[1], ARGV[3])
    return first";

/// Moves an entry to the dead letters, with the reason.
const MOVE_TO_DEAD: &str = "
    if #redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'JUSTID') == 0 then
        return
    end
    local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
    if entry then
        redis.call('XADD', KEYS[2], '*', 'attempts', ARGV[4], 'error', ARGV[5], unpack(entry[2]))
    end
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
    redis.call('XDEL', KEYS[1], ARGV[3])";

/// Removes the consumers of dead workers. A consumer with a pending entry is kept, because removing the consumer would
/// lose the entry. If the consumer of a live worker is removed, the worker's next read registers it again.
const SWEEP: &str = "
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
        local is = {}
        for i = 1, #consumer, 2 do is[consumer[i]] = consumer[i + 1] end
        if is.pending == 0 and is.idle > tonumber(ARGV[2]) then
            redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], is.name)
        end
    end";

/// The settings, read from environment variables.
#[derive(Clone)]
struct Settings {
    redis: String,
    /// The maximum number of entries. Multiplied by the size of a payload, it must fit into Redis' memory.
    capacity: u64,
    /// The maximum number of attempts to process an entry.
    attempts: u64,
    /// The minimum time between the starts of two attempts to process an entry. An attempt times out after half of
    /// this time.
    retry_after: Duration,
    /// The time that packing takes, for experiments.
    packing: Duration,
}

impl Settings {
    fn read() -> Result<Self, BoxError> {
        Ok(Self {
            redis: setting("REDIS_URL", "redis://127.0.0.1".to_owned())?,
            capacity: setting("INBOX_CAPACITY", 100_000)?,
            attempts: setting("INBOX_ATTEMPTS", 5)?,
            retry_after: Duration::try_from_secs_f64(setting("INBOX_RETRY_AFTER", 60.0)?)?,
            packing: Duration::try_from_secs_f64(setting("PACKING_SECONDS", 1.0)?)?,
        })
    }

    /// Returns a connection that never stops reconnecting. Callers set the timeouts.
    fn connect(&self) -> Result<ConnectionManager, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(None)
            .set_number_of_retries(usize::MAX)
            .set_max_delay(Duration::from_millis(250));
        ConnectionManager::new_lazy_with_config(Client::open(&*self.redis)?, config)
    }
}

fn setting<T: FromStr<Err: Error + Send + Sync + 'static>>(name: &str, default: T) -> Result<T, BoxError> {
    env::var(name).map_or(Ok(default), |text| Ok(text.parse()?))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let settings = Settings::read()?;
    let address = env::args().nth(2).unwrap_or("127.0.0.1:3000".to_owned());
    let stop = stop_signal()?;
    match env::args().nth(1).as_deref() {
        Some("web") => web(&settings, &address, stop).await,
        Some("worker") => work(&settings, stop).await,
        Some("both") | None => {
            tokio::try_join!(web(&settings, &address, stop.clone()), work(&settings, stop)).map(drop)
        }
        Some(other) => Err(format!("unknown role `{other}`: expected `web`, `worker` or `both`").into()),
    }
}

/// Receives deliveries.
async fn web(settings: &Settings, address: &str, mut stop: watch::Receiver<bool>) -> Result<(), BoxError> {
    // The layer does not decode the payload. If it did, an event that cannot be decoded yet would get a 422, and the
    // provider might drop it. Here, such an event becomes a dead letter.
    //
    // Without a scope, the deduplication key would contain a fingerprint of the secret. A retry that is signed with a
    // new secret would have another key, and be processed again.
    let webhooks = WebhookLayer::try_new(secret()?)?
        .scope("orders")
        .dedupe(RedisStore::connect(&settings.redis).await?.prefix("inbox"))
        .handler_timeout(STORE_TIMEOUT);
    let inbox = Inbox { redis: settings.connect()?, capacity: settings.capacity };
    let app = Router::new().route("/webhook", post(on_delivery).layer(webhooks)).with_state(inbox);

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
    axum::serve(listener, app).with_graceful_shutdown(stopped).await?;
    Ok(())
}

#[derive(Clone)]
struct Inbox {
    redis: ConnectionManager,
    capacity: u64,
}

/// Answers 2xx only if the delivery is stored.
async fn on_delivery(State(mut inbox): State<Inbox>, delivery: Delivery) -> StatusCode {
    match inbox.store(&delivery).await {
        Ok(Some(_entry)) => StatusCode::ACCEPTED,
        Ok(None) => {
            eprintln!("inbox is full: check that workers are running, and the dead letters");
            StatusCode::SERVICE_UNAVAILABLE
        }
        // If only the reply was lost, the delivery is stored nevertheless, and the retry stores it again.
        Err(error) => {
            eprintln!("cannot store a delivery: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

impl Inbox {
    /// Stores a delivery. Returns the id of the new entry, which contains the time of arrival, or `None` if the inbox
    /// is full.
    async fn store(&mut self, delivery: &Delivery) -> Result<Option<String>, RedisError> {
        let script = Script::new(STORE);
        let mut store = script.key(STREAM);
        store.key(DEAD).arg(self.capacity);
        store.arg("provider").arg(delivery.provider());
        store.arg("payload").arg(&delivery.payload()[..]);
        if let Some(key) = delivery.dedupe_key() {
            store.arg("key").arg(key.as_str());
        }
        if let Some(id) = delivery.id() {
            store.arg("id").arg(id);
        }
        if let Some(event_type) = delivery.event_type() {
            store.arg("type").arg(event_type);
        }
        if let Some(Ok(signed)) = delivery.timestamp().map(|time| time.duration_since(UNIX_EPOCH)) {
            store.arg("timestamp").arg(signed.as_secs());
        }
        store.invoke_async(&mut self.redis).await
    }
}

/// Processes one entry after another. To process several at a time, run more workers.
async fn work(settings: &Settings, stop: watch::Receiver<bool>) -> Result<(), BoxError> {
    let mut worker = Worker::new(settings.clone())?;
    println!("{} started", worker.name);
    // Check for the stop signal only between two turns. If a read were cancelled, an entry that Redis has already
    // assigned to this worker would wait until another worker takes it over.
    while !*stop.borrow() {
        if let Err(error) = worker.turn().await {
            eprintln!("{} failed, retrying: {error}", worker.name);
            sleep(BLOCK).await;
        }
    }
    Ok(())
}

struct Worker {
    redis: ConnectionManager,
    settings: Settings,
    /// The consumer name, unique across processes and restarts.
    name: String,
    /// The position of the scan for entries to take over.
    cursor: String,
    last_sweep: Option<Instant>,
}

/// An entry that this worker processes, with the number of the attempt.
struct Entry {
    stored: StreamId,
    attempt: u64,
}

impl Worker {
    fn new(settings: Settings) -> Result<Self, BoxError> {
        let started = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let name = format!("worker-{}-{started}", std::process::id());
        Ok(Self { redis: settings.connect()?, settings, name, cursor: "0-0".to_owned(), last_sweep: None })
    }

    /// Takes an entry and processes it, if there is one.
    async fn turn(&mut self) -> Result<(), BoxError> {
        let entry = match timeout(REDIS_TIMEOUT, self.take()).await? {
            // The group is missing for the first worker, and after Redis lost its data. Create it only then: a full
            // server refuses `XGROUP CREATE` even for a group that exists.
            Err(error) if error.code() == Some("NOGROUP") => {
                timeout(REDIS_TIMEOUT, self.create_group()).await??;
                return Ok(());
            }
            taken => taken?,
        };
        if let Some(entry) = entry {
            self.process(entry).await?;
        }
        let idle = self.settings.retry_after * 10;
        if self.last_sweep.is_none_or(|last| last.elapsed() > idle) {
            timeout(REDIS_TIMEOUT, self.sweep(idle)).await??;
            self.last_sweep = Some(Instant::now());
        }
        Ok(())
    }

    /// Takes the next entry. Entries whose retry is due come before new entries.
    async fn take(&mut self) -> Result<Option<Entry>, RedisError> {
        match self.take_over().await? {
            Some(entry) => Ok(Some(entry)),
            None => self.next().await,
        }
    }

    async fn create_group(&mut self) -> Result<(), RedisError> {
        // Start at `0`, to process entries that were stored before the group existed.
        match self.redis.xgroup_create_mkstream(STREAM, GROUP, "0").await {
            // Another worker has created it.
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            created => created,
        }
    }

    /// Removes the consumers of workers that have been idle for longer than `idle`.
    async fn sweep(&mut self, idle: Duration) -> Result<(), RedisError> {
        Script::new(SWEEP).key(STREAM).arg(GROUP).arg(millis(idle)).invoke_async(&mut self.redis).await
    }

    /// Takes over an entry whose attempt failed, or whose worker died or hangs.
    async fn take_over(&mut self) -> Result<Option<Entry>, RedisError> {
        let mut claim = redis::cmd("XAUTOCLAIM");
        claim.arg(STREAM).arg(GROUP).arg(&self.name).arg(millis(self.settings.retry_after));
        claim.arg(&self.cursor).arg("COUNT").arg(1);
        let found: StreamAutoClaimReply = claim.query_async(&mut self.redis).await?;
        self.cursor = found.next_stream_id;
        let Some(stored) = found.claimed.into_iter().next() else { return Ok(None) };
        // Redis counts the attempts, since a worker that died could not.
        let mut pending = redis::cmd("XPENDING");
        pending.arg(STREAM).arg(GROUP).arg(&stored.id).arg(&stored.id).arg(1);
        let pending: Vec<(String, String, u64, u64)> = pending.query_async(&mut self.redis).await?;
        // `None` if the stalled worker has settled the entry in the meantime.
        Ok(pending.first().map(|(.., attempt)| Entry { stored, attempt: *attempt }))
    }

    /// Waits for a new entry.
    async fn next(&mut self) -> Result<Option<Entry>, RedisError> {
        let mut read = redis::cmd("XREADGROUP");
        // Read one entry at a time. If this worker read several entries, the retry of an entry could become due while
        // the entry waits for its turn.
        read.arg("GROUP").arg(GROUP).arg(&self.name).arg("COUNT").arg(1);
        read.arg("BLOCK").arg(millis(BLOCK.min(self.settings.retry_after)));
        read.arg("STREAMS").arg(STREAM).arg(">");
        let found: Option<StreamReadReply> = read.query_async(&mut self.redis).await?;
        let mut entries = found.into_iter().flat_map(|found| found.keys).flat_map(|stream| stream.ids);
        Ok(entries.next().map(|stored| Entry { stored, attempt: 1 }))
    }

    /// Processes an entry and removes it. After a failure the entry stays, and is taken over once its retry is due.
    async fn process(&mut self, entry: Entry) -> Result<(), BoxError> {
        let Entry { stored, attempt } = &entry;
        if *attempt > self.settings.attempts {
            return self.move_to_dead(&entry, "every worker that took the entry died or hung").await;
        }
        // Spawn a task, so that a panic fails this attempt and does not stop the worker.
        let mut work = tokio::spawn(pack(stored.clone(), *attempt, self.settings.packing));
        let done = timeout(self.settings.retry_after / 2, &mut work).await;
        work.abort();
        let failed = match done {
            Ok(Ok(Ok(order))) => return self.settle(&entry, order).await,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(panic)) => panic.to_string(),
            Err(_) => "timed out".to_owned(),
        };
        eprintln!("{}: attempt {attempt} failed: {failed}", stored.id);
        if *attempt == self.settings.attempts { self.move_to_dead(&entry, &failed).await } else { Ok(()) }
    }

    async fn settle(&mut self, entry: &Entry, order: Option<u32>) -> Result<(), BoxError> {
        // A delivery without a key cannot be deduplicated. Use the id of its entry as the key.
        let key = entry.stored.get("key").unwrap_or_else(|| entry.stored.id.clone());
        let order = order.map(|number| number.to_string()).unwrap_or_default();
        let script = Script::new(SETTLE);
        let mut settle = script.key(STREAM);
        settle.key(format!("{DONE}:{key}")).key(PACKED);
        settle.arg(GROUP).arg(&self.name).arg(&entry.stored.id).arg(millis(WINDOW)).arg(&order);
        let first: bool = timeout(REDIS_TIMEOUT, settle.invoke_async(&mut self.redis)).await??;
        println!("{}: {}", entry.stored.id, if first { "done" } else { "already done" });
        Ok(())
    }

    async fn move_to_dead(&mut self, entry: &Entry, error: &str) -> Result<(), BoxError> {
        let script = Script::new(MOVE_TO_DEAD);
        let mut moving = script.key(STREAM);
        moving.key(DEAD).arg(GROUP).arg(&self.name).arg(&entry.stored.id);
        moving.arg(entry.attempt.min(self.settings.attempts)).arg(error);
        timeout(REDIS_TIMEOUT, moving.invoke_async::<()>(&mut self.redis)).await??;
        eprintln!("{}: moved to the dead letters: {error}", entry.stored.id);
        Ok(())
    }
}

/// An event of the shop.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum ShopEvent {
    #[serde(rename = "order.placed")]
    OrderPlaced { number: u32 },
    #[serde(other)]
    Unknown,
}

/// Processes an entry. This function may be interrupted at any point and run again, so it writes nothing: it returns
/// the effect, which [`SETTLE`] writes.
async fn pack(stored: StreamId, attempt: u64, time: Duration) -> Result<Option<u32>, BoxError> {
    let payload: Vec<u8> = stored.get("payload").ok_or("no payload")?;
    match serde_json::from_slice(&payload)? {
        ShopEvent::OrderPlaced { number: 0 } => Err("there is no order 0".into()),
        ShopEvent::OrderPlaced { number } => {
            println!("{}: packing order {number}, attempt {attempt}", stored.id);
            sleep(time).await;
            Ok(Some(number))
        }
        ShopEvent::Unknown => Ok(None),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the signing secret that the shop shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    match env::var_os("WEBHOOK_SECRET") {
        Some(_) => Secret::from_env("WEBHOOK_SECRET"),
        None => DEMO.parse(),
    }
}

/// Returns a receiver that becomes `true` at Ctrl-C or SIGTERM, which no longer end the process by themselves.
fn stop_signal() -> Result<watch::Receiver<bool>, BoxError> {
    let (stopping, stop) = watch::channel(false);
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let terminate = async move { terminate.recv().await };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate => {}
        }
        stopping.send_replace(true);
    });
    Ok(stop)
}
