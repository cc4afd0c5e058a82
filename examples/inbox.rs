//! An inbox: each delivery is stored in a Redis Stream and acknowledged, and workers process it later.
//!
//! ```text
//! redis-server --appendonly yes --appendfsync always --maxmemory 1gb --maxmemory-policy noeviction
//! cargo run --features axum,redis --example inbox            # both roles in one process, or apart:
//! cargo run --features axum,redis --example inbox web 127.0.0.1:3000
//! cargo run --features axum,redis --example inbox worker     # as many of these as you like
//! ```
//!
//! Then send it a delivery, signed by the Standard Webhooks specification:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!     -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! ```
//!
//! `redis-cli XRANGE '{inbox}:stream' - +` shows what waits, `XPENDING '{inbox}:stream' workers` who has what
//! in hand, `XRANGE '{inbox}:dead' - +` what was given up, and why, and `HGETALL '{inbox}:packed'` what was
//! done.
//!
//! # When to have one
//!
//! The layer alone is enough while a handler ends in the time that the provider waits. If it takes
//! seconds longer now and then and may be run again, `ack_deadline` is enough: the layer answers 503 at
//! the deadline, the handler goes on, and the provider's next attempt is answered 200 once it is done.
//! That takes no machinery; but it is the provider that asks again, on its own schedule, and it sees
//! failures.
//!
//! An inbox is for work that takes minutes, or comes in bursts that are to be worked off slowly; for
//! providers that give up early or switch endpoints off that fail; and for retries on a schedule of
//! one's own. It costs a queue that somebody has to watch.
//!
//! # What is promised
//!
//! * **2xx means stored.** The handler stores, and answers 503 if it could not or does not know; the
//!   layer then releases the claim, and the provider sends it again.
//! * **Stored means processed at least once**, or laid among the dead letters after [`Rules::attempts`].
//!   What a worker that died had in hand is taken over by another.
//! * **The effect comes once.** The layer drops duplicates before they are stored. Still a delivery can
//!   be stored twice, if the process dies after storing and before the layer has noted it; and one
//!   entry can be worked on twice, by a worker that was thought dead and the one that took over.
//!   Storing and noting in one script would rule out the first and not the second. So it is the
//!   effect that is guarded: it is written together with the delivery's key, by one script
//!   ([`SETTLE`]), if the key is not there yet. Effects in SQL do the same in a transaction
//!   (`transaction.rs`); for those on other people's servers, send the key along as the idempotency key.
//! * **Nothing grows without end, and nothing is dropped for that.** An entry is deleted when it was
//!   processed. `MAXLEN` is not used: it drops the oldest, processed or not. Instead, an inbox with
//!   [`Rules::capacity`] entries, dead letters included, takes no more until there is room.
//!
//! # What Redis must do for it
//!
//! `appendonly yes`: what was acknowledged is on disk. With `appendfsync always` it is before the
//! answer; with `everysec` a crash of the machine loses the last second's. `maxmemory-policy
//! noeviction`: under any other a full server drops the inbox. Under this it takes no new entries, and
//! workers can go on. Replication is asynchronous: a fail-over may lose what was written right before.
//! One behind a single address leaves these connections with the server that was the master, which refuses
//! every write: then start both roles anew.

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

// All in one slot of a Cluster, for the scripts: that is what the braces do.
const STREAM: &str = "{inbox}:stream";
const DEAD: &str = "{inbox}:dead";
const DONE: &str = "{inbox}:done";
/// How often each order was packed. It stands for data of your own.
const PACKED: &str = "{inbox}:packed";
const GROUP: &str = "workers";

/// How long a delivery's key is kept with its effect: as long as the layer keeps it.
const WINDOW: Duration = Duration::from_secs(8 * 86_400);
/// How long a worker waits for the next entry before it looks round.
const BLOCK: Duration = Duration::from_secs(1);
/// How long Redis may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long storing may take: providers wait some seconds.
const STORING: Duration = Duration::from_secs(2);

/// Stores an entry, if there is room.
const STORE: &str = "
    if redis.call('XLEN', KEYS[1]) + redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[1]) then
        return false
    end
    return redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))";

/// Writes an entry's effect, unless the delivery has had it, and removes the entry.
///
/// The order counts, for a script that fails halfway is not undone. Claiming the entry first tells
/// whether it is still there; and a server that is full lets a script go on that began with a write
/// which needs no memory. That is also why this is no `MULTI`. The effect comes before all that would
/// say it was there.
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
const BURY: &str = "
    if #redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'JUSTID') == 0 then
        return
    end
    local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
    if entry then
        redis.call('XADD', KEYS[2], '*', 'attempts', ARGV[4], 'error', ARGV[5], unpack(entry[2]))
    end
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
    redis.call('XDEL', KEYS[1], ARGV[3])";

/// Removes the names of workers that are gone. One that has an entry in hand is left alone: the
/// entry would be forgotten with it. One that lives and is removed comes back with its next read.
const SWEEP: &str = "
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
        local is = {}
        for i = 1, #consumer, 2 do is[consumer[i]] = consumer[i + 1] end
        if is.pending == 0 and is.idle > tonumber(ARGV[2]) then
            redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], is.name)
        end
    end";

/// What may be set, by environment variables.
#[derive(Clone)]
struct Rules {
    redis: String,
    /// How many entries there may be. Times the size of a payload it must fit in Redis' memory.
    capacity: u64,
    /// How often processing is tried.
    attempts: u64,
    /// How long after an attempt began it is taken for failed and another may begin. It may itself
    /// take half as long.
    retry_after: Duration,
    /// How long packing takes, to try things out.
    packing: Duration,
}

impl Rules {
    fn read() -> Result<Self, BoxError> {
        Ok(Self {
            redis: setting("REDIS_URL", "redis://127.0.0.1".to_owned())?,
            capacity: setting("INBOX_CAPACITY", 100_000)?,
            attempts: setting("INBOX_ATTEMPTS", 5)?,
            retry_after: Duration::try_from_secs_f64(setting("INBOX_RETRY_AFTER", 60.0)?)?,
            packing: Duration::try_from_secs_f64(setting("PACKING_SECONDS", 1.0)?)?,
        })
    }

    /// A connection that is made anew, for as long as it takes, when it breaks. Its user limits the
    /// time.
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
    let rules = Rules::read()?;
    let address = env::args().nth(2).unwrap_or("127.0.0.1:3000".to_owned());
    let stop = stop_signal()?;
    match env::args().nth(1).as_deref() {
        Some("web") => web(&rules, &address, stop).await,
        Some("worker") => work(&rules, stop).await,
        Some("both") | None => {
            tokio::try_join!(web(&rules, &address, stop.clone()), work(&rules, stop)).map(drop)
        }
        Some(other) => Err(format!("{other}: there are `web`, `worker` and `both`").into()),
    }
}

/// Receives deliveries.
async fn web(rules: &Rules, address: &str, mut stop: watch::Receiver<bool>) -> Result<(), BoxError> {
    // The payload is not decoded here: what no worker understands yet is kept among the dead letters,
    // while a 422 would have the provider give it up.
    // Without a scope the key has a fingerprint of the secret in it: a retry that is signed with a new secret
    // would be stored under two keys.
    let webhooks = WebhookLayer::try_new(secret()?)?
        .scope("orders")
        .dedupe(RedisStore::connect(&rules.redis).await?.prefix("inbox"))
        .handler_timeout(STORING);
    let inbox = Inbox { redis: rules.connect()?, capacity: rules.capacity };
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

/// Answers 2xx if the delivery is stored, and only then.
async fn on_delivery(State(mut inbox): State<Inbox>, delivery: Delivery) -> StatusCode {
    match inbox.store(&delivery).await {
        Ok(Some(_entry)) => StatusCode::ACCEPTED,
        Ok(None) => {
            eprintln!("the inbox is full: are workers running, has anybody looked at the dead letters?");
            StatusCode::SERVICE_UNAVAILABLE
        }
        // Perhaps it is stored and only the answer was lost. Then it will be stored twice.
        Err(error) => {
            eprintln!("a delivery could not be stored: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

impl Inbox {
    /// The id of the new entry, which also tells when it came; `None` if there is no room.
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

/// Processes one entry after the other. For more at a time, start more of them.
async fn work(rules: &Rules, stop: watch::Receiver<bool>) -> Result<(), BoxError> {
    let mut worker = Worker::new(rules.clone())?;
    println!("{} works", worker.name);
    // Looked at between two entries and never in the middle of one. Nor of a read: what Redis has
    // handed out to a reader that is gone lies idle until it is taken over.
    while !*stop.borrow() {
        if let Err(error) = worker.turn().await {
            eprintln!("{} could not go on, and tries again: {error}", worker.name);
            sleep(BLOCK).await;
        }
    }
    Ok(())
}

struct Worker {
    redis: ConnectionManager,
    rules: Rules,
    /// Nobody else's, not even that of an earlier process.
    name: String,
    /// Where to go on looking for entries to take over.
    cursor: String,
    swept: Option<Instant>,
}

/// An entry in hand, and how often it has been in anybody's.
struct Entry {
    stored: StreamId,
    attempt: u64,
}

impl Worker {
    fn new(rules: Rules) -> Result<Self, BoxError> {
        let started = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let name = format!("worker-{}-{started}", std::process::id());
        Ok(Self { redis: rules.connect()?, rules, name, cursor: "0-0".to_owned(), swept: None })
    }

    /// Takes an entry and processes it, if there is one.
    async fn turn(&mut self) -> Result<(), BoxError> {
        let entry = match timeout(PATIENCE, self.take()).await? {
            // The first worker ever; or Redis has lost everything. Not asked for beforehand: a server
            // that is full would refuse even what is there already.
            Err(error) if error.code() == Some("NOGROUP") => {
                timeout(PATIENCE, self.create_group()).await??;
                return Ok(());
            }
            taken => taken?,
        };
        if let Some(entry) = entry {
            self.process(entry).await?;
        }
        let gone = self.rules.retry_after * 10;
        if self.swept.is_none_or(|swept| swept.elapsed() > gone) {
            timeout(PATIENCE, self.sweep(gone)).await??;
            self.swept = Some(Instant::now());
        }
        Ok(())
    }

    /// Failed entries first: they come up one by one, each when its time is over.
    async fn take(&mut self) -> Result<Option<Entry>, RedisError> {
        match self.take_over().await? {
            Some(entry) => Ok(Some(entry)),
            None => self.next().await,
        }
    }

    async fn create_group(&mut self) -> Result<(), RedisError> {
        // From `0`: what was stored before there was a group is to be processed, too.
        match self.redis.xgroup_create_mkstream(STREAM, GROUP, "0").await {
            // Another worker was quicker.
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            created => created,
        }
    }

    /// Removes the names of workers that nothing was heard of for so long.
    async fn sweep(&mut self, gone: Duration) -> Result<(), RedisError> {
        Script::new(SWEEP).key(STREAM).arg(GROUP).arg(millis(gone)).invoke_async(&mut self.redis).await
    }

    /// An entry whose attempt has failed, or whose worker has died or hangs.
    async fn take_over(&mut self) -> Result<Option<Entry>, RedisError> {
        let mut claim = redis::cmd("XAUTOCLAIM");
        claim.arg(STREAM).arg(GROUP).arg(&self.name).arg(millis(self.rules.retry_after));
        claim.arg(&self.cursor).arg("COUNT").arg(1);
        let found: StreamAutoClaimReply = claim.query_async(&mut self.redis).await?;
        self.cursor = found.next_stream_id;
        let Some(stored) = found.claimed.into_iter().next() else { return Ok(None) };
        // Redis counts; a worker that died could not have.
        let mut pending = redis::cmd("XPENDING");
        pending.arg(STREAM).arg(GROUP).arg(&stored.id).arg(&stored.id).arg(1);
        let pending: Vec<(String, String, u64, u64)> = pending.query_async(&mut self.redis).await?;
        // None: settled in the meantime, by the worker that was thought dead.
        Ok(pending.first().map(|(.., attempt)| Entry { stored, attempt: *attempt }))
    }

    /// An entry that nobody has had, waited for if there is none.
    async fn next(&mut self) -> Result<Option<Entry>, RedisError> {
        let mut read = redis::cmd("XREADGROUP");
        // One at a time: the time of those behind it would run while they wait.
        read.arg("GROUP").arg(GROUP).arg(&self.name).arg("COUNT").arg(1);
        read.arg("BLOCK").arg(millis(BLOCK.min(self.rules.retry_after)));
        read.arg("STREAMS").arg(STREAM).arg(">");
        let found: Option<StreamReadReply> = read.query_async(&mut self.redis).await?;
        let mut entries = found.into_iter().flat_map(|found| found.keys).flat_map(|stream| stream.ids);
        Ok(entries.next().map(|stored| Entry { stored, attempt: 1 }))
    }

    /// Runs the work and removes the entry; or leaves it where it is, to be taken over when its time
    /// is over.
    async fn process(&mut self, entry: Entry) -> Result<(), BoxError> {
        let Entry { stored, attempt } = &entry;
        if *attempt > self.rules.attempts {
            return self.bury(&entry, "each worker that took it died or hung").await;
        }
        // A task of its own, so that a panic is one failed attempt and not the end of the worker.
        let mut work = tokio::spawn(pack(stored.clone(), *attempt, self.rules.packing));
        let done = timeout(self.rules.retry_after / 2, &mut work).await;
        work.abort();
        let failed = match done {
            Ok(Ok(Ok(order))) => return self.settle(&entry, order).await,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(panic)) => panic.to_string(),
            Err(_) => "it takes too long".to_owned(),
        };
        eprintln!("{}: attempt {attempt} failed: {failed}", stored.id);
        if *attempt == self.rules.attempts { self.bury(&entry, &failed).await } else { Ok(()) }
    }

    async fn settle(&mut self, entry: &Entry, order: Option<u32>) -> Result<(), BoxError> {
        // What has no key cannot be told from another; the entry itself still counts once.
        let key = entry.stored.get("key").unwrap_or_else(|| entry.stored.id.clone());
        let order = order.map(|number| number.to_string()).unwrap_or_default();
        let script = Script::new(SETTLE);
        let mut settle = script.key(STREAM);
        settle.key(format!("{DONE}:{key}")).key(PACKED);
        settle.arg(GROUP).arg(&self.name).arg(&entry.stored.id).arg(millis(WINDOW)).arg(&order);
        let first: bool = timeout(PATIENCE, settle.invoke_async(&mut self.redis)).await??;
        println!("{}: {}", entry.stored.id, if first { "done" } else { "had been done already" });
        Ok(())
    }

    async fn bury(&mut self, entry: &Entry, error: &str) -> Result<(), BoxError> {
        let script = Script::new(BURY);
        let mut bury = script.key(STREAM);
        bury.key(DEAD).arg(GROUP).arg(&self.name).arg(&entry.stored.id);
        bury.arg(entry.attempt.min(self.rules.attempts)).arg(error);
        timeout(PATIENCE, bury.invoke_async::<()>(&mut self.redis)).await??;
        eprintln!("{}: given up: {error}", entry.stored.id);
        Ok(())
    }
}

/// What the shop tells about.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum ShopEvent {
    #[serde(rename = "order.placed")]
    OrderPlaced { number: u32 },
    #[serde(other)]
    Unknown,
}

/// The work, which takes its time and may be cut short anywhere and begun again. It says what its
/// effect is to be, which [`SETTLE`] writes.
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

/// The secret that the shop shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    match env::var_os("WEBHOOK_SECRET") {
        Some(_) => Secret::from_env("WEBHOOK_SECRET"),
        None => DEMO.parse(),
    }
}

/// Turns `true` at Ctrl-C or SIGTERM, which from now on no longer end the process by themselves.
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
