//! The server under load. It runs in a separate process (this test program, started again), so that its memory can be
//! measured separately.
//!
//! It has one thread, whose allocations are counted to the byte. The size of the process is not precise enough, because
//! the allocator keeps freed memory.

use std::{
    collections::BTreeMap,
    env, fs,
    net::SocketAddr,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use allocation_counter::measure;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{Next, from_fn},
    routing::post,
};
use bytes::Bytes;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};
use tower_webhook::{ManualClock, OutcomeKind, WebhookLayer, store::MokaStore};

use crate::{
    common::{NOW, secret},
    settings::{BODY_LIMIT, BODY_TIMEOUT, BUDGET, CAPACITY, HANG, HEAD_TIMEOUT, QUEUE, WAIT},
};

/// The environment variable that makes this program the server.
const ROLE: &str = "LOAD_SERVER";
const LISTENING: &str = "listening on ";

/// The test's handle to the server process, which is killed on drop.
pub struct Server {
    pub address: SocketAddr,
    process: Child,
    questions: OwnedWriteHalf,
    answers: Lines<BufReader<OwnedReadHalf>>,
    /// Kept open: the test harness prints a warning about long tests and would exit if the pipe were closed.
    _output: Lines<BufReader<ChildStdout>>,
}

/// The counters of the server, which it sends as a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    /// The open connections.
    pub connections: i64,
    /// The peak since the last [`Server::begin`].
    pub most_connections: i64,
    /// The requests in the layer or in the service behind it.
    pub in_flight: i64,
    pub most_in_flight: i64,
    /// The bytes on the heap.
    pub heap: i64,
    /// The peak since the last [`Server::begin`].
    pub most_heap: i64,
    /// The number of requests with each outcome.
    pub outcomes: BTreeMap<String, i64>,
}

impl Server {
    pub async fn start() -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["server::serve", "--exact", "--ignored", "--nocapture"])
            .env(ROLE, "yes")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let (address, admin) = loop {
            let line = output.next_line().await.unwrap().expect("the server exited before listening");
            if let Some((_, addresses)) = line.split_once(LISTENING) {
                let (address, admin) = addresses.split_once(' ').unwrap();
                break (address.parse().unwrap(), admin.parse::<SocketAddr>().unwrap());
            }
        };
        let (answers, questions) = TcpStream::connect(admin).await.unwrap().into_split();
        Self { address, process, questions, answers: BufReader::new(answers).lines(), _output: output }
    }

    pub async fn state(&mut self) -> State {
        self.ask("state\n").await
    }

    /// Resets the peaks.
    pub async fn begin(&mut self) -> State {
        self.ask("begin\n").await
    }

    async fn ask(&mut self, question: &str) -> State {
        self.questions.write_all(question.as_bytes()).await.unwrap();
        let answer = self.answers.next_line().await.unwrap().expect("the server has exited");
        serde_json::from_str(&answer).unwrap()
    }

    /// Waits until there are no connections and no requests.
    pub async fn is_quiet(&mut self) -> State {
        let quiet = async {
            loop {
                let state = self.state().await;
                if state.connections == 0 && state.in_flight == 0 {
                    return state;
                }
                sleep(WAIT).await;
            }
        };
        match timeout(HANG, quiet).await {
            Ok(state) => state,
            Err(_) => panic!("connections or requests remain: {:?}", self.state().await),
        }
    }

    /// Returns the resident size of the process in KiB.
    pub fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Returns the peak resident size of the process in KiB.
    pub fn most_resident(&self) -> u64 {
        self.status("VmHWM:")
    }

    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.id().unwrap())).unwrap().count()
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

/// A counter and its peak.
#[derive(Default)]
struct Count {
    now: AtomicI64,
    most: AtomicI64,
}

/// A guard that decrements its [`Count`] on drop.
struct One<'c>(&'c Count);

impl Count {
    fn one(&self) -> One<'_> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        One(self)
    }

    fn begin(&self) {
        self.most.store(self.now.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Drop for One<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Counts {
    connections: Count,
    in_flight: Count,
    outcomes: Mutex<BTreeMap<String, i64>>,
}

#[test]
#[ignore = "the load test starts it as the server"]
fn serve() {
    if env::var(ROLE).is_err() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let counts = Arc::new(Counts::default());
    let mut admin = runtime.block_on(listen(Arc::clone(&counts)));
    let (mut heap, mut most_heap) = (0, 0);
    loop {
        let mut question = String::new();
        let used = measure(|| question = runtime.block_on(admin.next_question()));
        most_heap = most_heap.max(heap + i64::try_from(used.bytes_max).unwrap());
        heap += used.bytes_current;
        match &*question {
            "begin" => {
                most_heap = heap;
                counts.connections.begin();
                counts.in_flight.begin();
            }
            "state" => {}
            // The test has ended or was killed.
            _ => return,
        }
        let number = |number: &AtomicI64| number.load(Ordering::Relaxed);
        let state = State {
            connections: number(&counts.connections.now),
            most_connections: number(&counts.connections.most),
            in_flight: number(&counts.in_flight.now),
            most_in_flight: number(&counts.in_flight.most),
            heap,
            most_heap,
            outcomes: counts.outcomes.lock().unwrap().clone(),
        };
        runtime.block_on(admin.answer(&(serde_json::to_string(&state).unwrap() + "\n")));
    }
}

/// The connection over which the test reads the counters.
struct Admin {
    questions: Lines<BufReader<OwnedReadHalf>>,
    answers: OwnedWriteHalf,
}

impl Admin {
    async fn next_question(&mut self) -> String {
        self.questions.next_line().await.ok().flatten().unwrap_or_default()
    }

    async fn answer(&mut self, state: &str) {
        let _ = self.answers.write_all(state.as_bytes()).await;
    }
}

/// Serves in the background.
async fn listen(counts: Arc<Counts>) -> Admin {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(QUEUE).unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{LISTENING}{} {}", listener.local_addr().unwrap(), admin.local_addr().unwrap());
    tokio::spawn(accept(listener, app(Arc::clone(&counts)), counts));
    let (questions, answers) = admin.accept().await.unwrap().0.into_split();
    Admin { questions: BufReader::new(questions).lines(), answers }
}

fn app(counts: Arc<Counts>) -> Router {
    let (outcomes, in_flight) = (Arc::clone(&counts), counts);
    let layer = WebhookLayer::new(secret())
        .clock(ManualClock::at_unix(NOW))
        .body_limit(BODY_LIMIT)
        .body_timeout(BODY_TIMEOUT)
        .buffer_budget(BUDGET)
        .dedupe(MokaStore::new(CAPACITY))
        .on_outcome(move |outcome| {
            let name = match (outcome.kind(), outcome.rejection()) {
                (OutcomeKind::Rejected, Some(rejection)) => rejection.kind().as_str(),
                (kind, _) => kind.as_str(),
            };
            *outcomes.outcomes.lock().unwrap().entry(name.to_owned()).or_default() += 1;
        });
    let handler = async |body: Bytes| body.len().to_string();
    Router::new().route("/orders", post(handler).layer(layer)).layer(DefaultBodyLimit::disable()).layer(
        from_fn(move |request, next: Next| {
            let counts = Arc::clone(&in_flight);
            async move {
                let _one = counts.in_flight.one();
                next.run(request).await
            }
        }),
    )
}

/// Accepts connections like a public server, with a timeout for request heads. The first byte needs a separate timeout,
/// because hyper-util's detection of the HTTP version has none.
async fn accept(listener: TcpListener, app: Router, counts: Arc<Counts>) {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    server.http2().timer(TokioTimer::new());
    let server = Arc::new(server);
    loop {
        // The test ensures that there are enough descriptors.
        let Ok((stream, _)) = listener.accept().await else {
            sleep(WAIT).await;
            continue;
        };
        let (server, counts) = (Arc::clone(&server), Arc::clone(&counts));
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let _one = counts.connections.one();
            if matches!(timeout(HEAD_TIMEOUT, stream.peek(&mut [0])).await, Ok(Ok(1..))) {
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            }
        });
    }
}
