//! A replica of a service, in a separate process: this test program runs itself again.

use std::{
    convert::Infallible,
    env,
    fs::{self, File},
    io::{Read, stdin},
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    process::Stdio,
    sync::Arc,
    thread,
    time::Duration,
};

use http::{Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpListener,
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};
use tower::{ServiceBuilder, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, Outcome, WebhookLayer,
    store::{AnyStore, CachedStore, CompleteError, RedisStore},
};

use crate::{
    HANDLER_TIMEOUT, LEASE,
    check::Span,
    common::secret,
    effects::{Database, EffectTransaction},
    ledger::{End, Ledger, Note, RunId, micros, now},
    plan::{Plan, PlannedEnd},
};

/// The environment variable that makes this program a replica and configures it.
const ROLE: &str = "CHAOS_REPLICA";
const LISTENING: &str = "listening on ";
/// The shortest stall that a replica records.
const STALL: Duration = Duration::from_millis(100);

/// A running or suspended replica, which is killed on drop.
pub struct Replica {
    pub number: u32,
    pub address: SocketAddr,
    process: Child,
    /// Kept open: the test harness prints a warning about long tests and would exit if the pipe were closed.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Replica {
    pub async fn start(number: u32, seed: u64, store: &str, ledger: &Path) -> Self {
        let role = format!("{number} {seed} {store} {}", ledger.display());
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["replica::serve", "--exact", "--ignored", "--nocapture"])
            .env(ROLE, role)
            // The replica exits when its standard input closes, so that none outlives a killed test.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Captures the handlers' panics and the cause of an unexpected exit.
            .stderr(File::create(log(ledger, number)).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = loop {
            let line = output.next_line().await.unwrap().expect("replica exited before listening");
            if let Some((_, address)) = line.split_once(LISTENING) {
                break address.parse().unwrap();
            }
        };
        Self { number, address, process, _output: output }
    }

    /// Kills the replica and returns the time span in which it died.
    pub async fn kill(&mut self) -> Span {
        let from = now();
        self.process.kill().await.unwrap();
        Span { from, to: now() }
    }

    /// Describes the exit of a replica that was not killed, which is a failure.
    pub fn has_ended(&mut self, ledger: &Path) -> Option<String> {
        let status = self.process.try_wait().unwrap()?;
        let log = fs::read_to_string(log(ledger, self.number)).unwrap();
        let last: Vec<_> = log.lines().rev().take(60).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        Some(format!("replica {} exited without being killed: {status}\n{last}", self.number))
    }

    /// Sends `STOP` or `CONT`.
    pub async fn signal(&self, signal: &str) {
        // Use the shell's built-in `kill`: some machines have no `kill` program.
        let kill = format!("kill -{signal} {}", self.process.id().unwrap());
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
    }
}

/// Returns the path of a replica's captured standard error, next to the ledger.
fn log(ledger: &Path, number: u32) -> PathBuf {
    ledger.with_file_name(format!("replica-{number}.log"))
}

#[test]
#[ignore = "the chaos test starts it as a replica"]
fn serve() {
    let Ok(role) = env::var(ROLE) else { return };
    let mut role = role.splitn(4, ' ');
    let mut next = || role.next().unwrap();
    let (number, seed) = (next().parse().unwrap(), next().parse().unwrap());
    let (url, ledger) = (next().to_owned(), PathBuf::from(next()));
    thread::spawn(|| {
        let _ = stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let ledger = Arc::new(Ledger::open(&ledger, number));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::spawn(note_stalls(Arc::clone(&ledger), || sleep(STALL / 4)));
        // Some replicas have so short a timeout that they settle in the background,
        let limit = |short| if number % 3 == 1 { short } else { Duration::from_secs(1) };
        let (store, database) = if url.starts_with("postgres:") {
            // Long enough to connect while the other replicas connect too.
            let database = Arc::new(Database::new(&url, limit(LEASE / 3)));
            // All connections may be in use, or be broken.
            let polled = Arc::clone(&database);
            tokio::spawn(note_stalls(Arc::clone(&ledger), move || {
                let polled = Arc::clone(&polled);
                async move {
                    polled.responds().await;
                    sleep(STALL / 4).await;
                }
            }));
            (AnyStore::new(database.store.clone()), Some(database))
        } else {
            (AnyStore::new(connect_to_redis(&url).await.timeout(limit(LEASE / 5))), None)
        };
        let layer = WebhookLayer::new(secret()).lease(LEASE).handler_timeout(HANDLER_TIMEOUT);
        let layer = match number % 3 {
            // and some cache completed deliveries.
            0 => layer.dedupe(CachedStore::new(store, 1000)),
            _ => layer.dedupe(store),
        };
        listen(layer, Handler { ledger, seed, database }).await;
    });
}

async fn connect_to_redis(url: &str) -> RedisStore {
    loop {
        match RedisStore::connect(url).await {
            Ok(store) => return store,
            // Redis may still be starting.
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn listen(layer: WebhookLayer, handler: Handler) {
    let handler = Arc::new(handler);
    let settlements = Arc::clone(&handler.ledger);
    let layer = layer.on_outcome(move |outcome| note_settlement(&settlements, outcome)).on_rejection(
        |rejection, mut response| {
            response.headers_mut().insert("x-rejection", rejection.kind().as_str().parse().unwrap());
            response
        },
    );
    let service = ServiceBuilder::new().layer(layer).service(service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(handler.handle(request).await) }
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{LISTENING}{}", listener.local_addr().unwrap());
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(STALL).await;
            continue;
        };
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            let _ = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

struct Handler {
    ledger: Arc<Ledger>,
    seed: u64,
    /// `None` if the store is Redis.
    database: Option<Arc<Database>>,
}

impl Handler {
    async fn handle(&self, request: Request<Body>) -> Response<String> {
        let delivery = request.extensions().get::<Delivery>().unwrap();
        let run = run_id(delivery).expect("delivery has no claim");
        let attempt = request.headers()["x-attempt"].to_str().unwrap().parse().unwrap();
        let plan = Plan::of(self.seed, run.event, attempt);

        self.ledger.write(Note::Start(run, attempt));
        let mut running = Running { ledger: Arc::clone(&self.ledger), run, end: None, transaction: None };
        let status = match running.work(&plan, self.database.as_deref(), delivery).await {
            Ok(()) => match plan.end {
                PlannedEnd::Succeed => StatusCode::OK,
                PlannedEnd::Fail(status) => StatusCode::from_u16(status).unwrap(),
                PlannedEnd::Panic => panic!("planned handler panic"),
                PlannedEnd::Hang => std::future::pending().await,
            },
            Err(error) => {
                running.end = Some(End::Failed);
                if matches!(error.downcast_ref(), Some(CompleteError::AlreadyCompleted)) {
                    let response = Response::builder().header("x-webhook-duplicate", "true");
                    return response.body(String::new()).unwrap();
                }
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        running.end = Some(if status.is_success() { End::Succeeded } else { End::Failed });
        Response::builder().status(status).header("x-run", run.fencing).body(String::new()).unwrap()
    }
}

/// Records the end of a run on drop.
struct Running {
    ledger: Arc<Ledger>,
    run: RunId,
    end: Option<End>,
    /// Rolled back after the end is recorded, because the claim may be free from then on.
    transaction: Option<EffectTransaction>,
}

impl Running {
    /// Waits as planned, and has the effect in between.
    async fn work(
        &mut self,
        plan: &Plan,
        database: Option<&Database>,
        delivery: &Delivery,
    ) -> Result<(), BoxError> {
        let begins_early = plan.transaction.begins_early;
        if let (Some(database), true) = (database, begins_early) {
            self.begin(database, delivery).await?;
        }
        if plan.blocks {
            // Recorded in advance, because the replica may be killed while it blocks.
            self.ledger.write(Note::Stalled(now(), now() + micros(plan.before)));
            thread::sleep(plan.before);
        } else {
            sleep(plan.before).await;
        }
        match database {
            Some(database) => {
                if !begins_early {
                    self.begin(database, delivery).await?;
                }
                if let Some(transaction) = &mut self.transaction {
                    transaction.insert(self.ledger.replica, self.run).await?;
                }
            }
            None if plan.effect => self.ledger.write(Note::Effect(self.run)),
            None => {}
        }
        if plan.commits() && plan.transaction.commits_early {
            self.commit().await?;
        }
        sleep(plan.after).await;
        if plan.commits() {
            self.commit().await?;
        }
        Ok(())
    }

    async fn begin(&mut self, database: &Database, delivery: &Delivery) -> Result<(), BoxError> {
        self.transaction = Some(database.begin(delivery).await?);
        self.ledger.write(Note::Locked(self.run));
        Ok(())
    }

    /// Commits the transaction, if one is open.
    async fn commit(&mut self) -> Result<(), BoxError> {
        match self.transaction.take() {
            Some(transaction) => transaction.commit().await,
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let otherwise = if thread::panicking() { End::Panicked } else { End::Dropped };
        self.ledger.write(Note::End(self.run, self.end.unwrap_or(otherwise)));
    }
}

fn run_id(delivery: &Delivery) -> Option<RunId> {
    Some(RunId {
        event: delivery.id()?.strip_prefix("evt_")?.parse().ok()?,
        fencing: delivery.fencing_token()?,
    })
}

fn note_settlement(ledger: &Ledger, outcome: &Outcome) {
    let called = outcome.handler().and(outcome.delivery());
    if let Some(run) = called.and_then(run_id) {
        ledger.write(Note::Settled(run, outcome.settlement()));
    }
}

/// Polls, and records the times when a poll took long: this process was suspended, or could not reach the database.
async fn note_stalls<F: Future<Output = ()> + Send>(ledger: Arc<Ledger>, mut poll: impl FnMut() -> F) {
    loop {
        let from = now();
        let mut polled = pin!(poll());
        // Also noted while it lasts, because the replica may be killed before it ends.
        while timeout(STALL, &mut polled).await.is_err() {
            ledger.write(Note::Stalled(from, now()));
        }
        let to = now();
        if to - from > micros(STALL) {
            ledger.write(Note::Stalled(from, to));
        }
    }
}
