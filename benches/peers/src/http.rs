//! Over loopback: requests per second, their latencies, and the server's time for each.
//!
//! ```text
//! cargo run --release -- http               # writes results/http.tsv; starts a redis-server
//! cargo run --release -- http --quick    # a few rounds, of which nothing is kept
//! ```
//!
//! One thread serves, another sends: on a machine of two cores each has one, and Redis what they
//! leave. The sender is hyper's client, the same for HTTP/1 and HTTP/2, with so many requests at
//! once; each has an id of its own and was signed before its round began. The servers are taken
//! by turns, in many short rounds; figures are medians of the rounds, ratios the medians of
//! the rounds' ratios. *Server* is the processor's time that the serving thread took for a request,
//! which whatever else the machine does changes least.
//!
//! It is a closed loop: a request waits for an answer before the next is sent in its place.

use std::{
    cell::RefCell,
    convert::Infallible,
    fs,
    net::SocketAddr,
    rc::Rc,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use axum::{Router, http::StatusCode, routing::post, serve::ListenerExt};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use peers::{
    contender::{
        Dedupe,
        by_hand::{self, Seen},
        handle, in_axum, layer,
    },
    delivery::{Case, Delivery, Frames, KIB, Message, Scheme, id_of, message},
    results::{Run, Table},
    rounds::median,
};
use redis::{Client, IntoConnectionInfo, aio::ConnectionManager, io::tcp::TcpSettings};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Builder,
    task::LocalSet,
};
use tower::{Layer, Service, service_fn};
use tower_webhook::{Body, WebhookLayer};

#[allow(dead_code, reason = "the crate's tests need more of it")]
#[path = "../../../tests/redis/server.rs"]
mod server;

use server::Server;

const REQUESTS: usize = 2_000;
const AT_ONCE: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Protocol {
    Http1,
    Http2,
}

/// Each with its like that was written by hand.
const HANDLERS: [(&str, &str); 7] = [
    ("none", "by hand"),
    ("by hand", "by hand"),
    ("tower-webhook, not deduped", "by hand"),
    ("by hand, deduped", "by hand, deduped"),
    ("tower-webhook", "by hand, deduped"),
    ("by hand, Redis", "by hand, Redis"),
    ("tower-webhook, Redis", "by hand, Redis"),
];

fn position(handler: &str) -> usize {
    HANDLERS.iter().position(|it| it.0 == handler).unwrap()
}

pub fn measure(run: &Run) {
    let servers = serve();
    let mut results = Vec::new();
    for host in ["hyper", "axum"] {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let wanted = run.wants(&format!("{host} {protocol:?}"));
            results.extend(wanted.then(|| Setting::new(host, protocol, &servers)));
        }
    }
    // The first round meets caches that are cold, and is not counted.
    for round in 0..=run.rounds(31) {
        for setting in &mut results {
            setting.take_round(round, &servers.thread);
        }
    }
    let columns = &[
        "host",
        "protocol",
        "handler",
        "requests/s",
        "of by hand",
        "of its like",
        "p50 µs",
        "p99 µs",
        "p99.9 µs",
        "server µs",
        "server, of by hand",
        "server, of its like",
    ];
    let mut table = Table::new("http", columns);
    results.iter().for_each(|setting| setting.tell(&mut table));
    table.keep(run);
}

// The sender.

/// A host and a protocol, with all handlers.
struct Setting {
    host: &'static str,
    protocol: Protocol,
    addresses: Vec<SocketAddr>,
    rounds: Vec<Vec<Slice>>,
    latencies: Vec<Histogram<u64>>,
}

struct Slice {
    per_second: f64,
    server_micros: f64,
}

impl Setting {
    fn new(host: &'static str, protocol: Protocol, servers: &Servers) -> Self {
        let of = |handler| servers.addresses.iter().find(|it| it.0 == host && it.1 == handler).unwrap().2;
        let addresses = HANDLERS.iter().map(|(handler, _)| of(*handler)).collect();
        let latencies = HANDLERS.map(|_| Histogram::new(3).unwrap()).into();
        Self { host, protocol, addresses, rounds: Vec::new(), latencies }
    }

    fn take_round(&mut self, round: usize, server: &str) {
        let mut slices: Vec<Option<Slice>> = HANDLERS.map(|_| None).into();
        for turn in 0..HANDLERS.len() {
            let index = (round + turn) % HANDLERS.len();
            let latencies = (round > 0).then(|| &mut self.latencies[index]);
            slices[index] = Some(slice(self.addresses[index], self.protocol, server, latencies));
        }
        if round > 0 {
            self.rounds.push(slices.into_iter().flatten().collect());
        }
    }

    fn tell(&self, table: &mut Table) {
        for (index, (handler, like)) in HANDLERS.iter().enumerate() {
            let of = |value: fn(&Slice) -> f64| median(self.rounds.iter().map(|round| value(&round[index])));
            let ratio = |base: &str, value: fn(&Slice) -> f64| {
                let base = position(base);
                median(self.rounds.iter().map(|round| value(&round[index]) / value(&round[base])))
            };
            let quantile = |quantile: f64| self.latencies[index].value_at_quantile(quantile) / 1_000;
            table.row(&[
                &self.host,
                &format!("{:?}", self.protocol),
                handler,
                &format!("{:.0}", of(|it| it.per_second)),
                &format!("{:.3}", ratio("by hand", |it| it.per_second)),
                &format!("{:.3}", ratio(like, |it| it.per_second)),
                &quantile(0.5),
                &quantile(0.99),
                &quantile(0.999),
                &format!("{:.2}", of(|it| it.server_micros)),
                &format!("{:.3}", ratio("by hand", |it| it.server_micros)),
                &format!("{:.3}", ratio(like, |it| it.server_micros)),
            ]);
        }
    }
}

/// Sends so many deliveries, all of them fresh.
fn slice(
    address: SocketAddr,
    protocol: Protocol,
    server: &str,
    latencies: Option<&mut Histogram<u64>>,
) -> Slice {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let first_id = SENT.fetch_add(REQUESTS, Ordering::Relaxed);
    let delivery = Delivery::new(Scheme::Standard, Case::Valid, KIB, Frames::One);
    let body = message(KIB);
    // Popped from the end. Under HTTP/1 the path alone is sent, and the host as a header.
    let signed = |number: usize| {
        let mut request = delivery.request(&id_of(first_id + number)).map(|_| Full::new(body.clone()));
        if protocol == Protocol::Http1 {
            *request.uri_mut() = "/webhook".parse().unwrap();
            request.headers_mut().insert("host", "example.com".parse().unwrap());
        }
        request
    };
    let requests: Vec<_> = (0..REQUESTS).map(signed).collect();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (taken, micros) = LocalSet::new().block_on(&runtime, async {
        let senders = connect(address, protocol).await;
        let requests = Rc::new(RefCell::new(requests));
        let taken = Rc::new(RefCell::new(Vec::with_capacity(REQUESTS)));
        let (start, worked) = (Instant::now(), processor_time(server));
        let tasks: Vec<_> = senders
            .into_iter()
            .map(|sender| tokio::task::spawn_local(send(sender, Rc::clone(&requests), Rc::clone(&taken))))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let elapsed = start.elapsed();
        let worked = processor_time(server) - worked;
        if let Some(latencies) = latencies {
            taken
                .borrow()
                .iter()
                .for_each(|time: &Duration| latencies.record(time.as_nanos() as u64).unwrap());
        }
        (elapsed, worked.as_nanos() as f64 / 1_000.0 / REQUESTS as f64)
    });
    Slice { per_second: REQUESTS as f64 / taken.as_secs_f64(), server_micros: micros }
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// A connection for each that is sent at once; or a few, with streams.
async fn connect(address: SocketAddr, protocol: Protocol) -> Vec<Sender> {
    const STREAMS: usize = 8;
    let connection = async || {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        TokioIo::new(stream)
    };
    let mut senders = Vec::new();
    while senders.len() < AT_ONCE {
        match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(connection().await).await.unwrap();
                tokio::task::spawn_local(connection);
                senders.push(Sender::Http1(sender));
            }
            Protocol::Http2 => {
                let (sender, connection) =
                    http2::handshake(TokioExecutor::new(), connection().await).await.unwrap();
                tokio::task::spawn_local(connection);
                senders.extend((0..STREAMS).map(|_| Sender::Http2(sender.clone())));
            }
        }
    }
    senders
}

async fn send(
    mut sender: Sender,
    requests: Rc<RefCell<Vec<Request<Full<Bytes>>>>>,
    taken: Rc<RefCell<Vec<Duration>>>,
) {
    loop {
        let Some(request) = requests.borrow_mut().pop() else { break };
        let start = Instant::now();
        let response: Response<Incoming> = match &mut sender {
            Sender::Http1(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
            Sender::Http2(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
        };
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key("x-webhook-duplicate"));
        response.into_body().collect().await.unwrap();
        taken.borrow_mut().push(start.elapsed());
    }
}

/// That a thread has had so far.
fn processor_time(thread: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{thread}/schedstat")).unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

// The servers, all on one thread: only one has work at a time.

struct Servers {
    addresses: Vec<(&'static str, &'static str, SocketAddr)>,
    thread: String,
    /// Ends when this is dropped.
    _redis: Server,
}

fn serve() -> Servers {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let thread = fs::read_link("/proc/thread-self").unwrap().to_str().unwrap().to_owned();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let redis = Server::start().await;
            let mut addresses = Vec::new();
            for (handler, _) in HANDLERS {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                addresses.push(("axum", handler, listener.local_addr().unwrap()));
                axum_serves(listener, handler, &redis).await;
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                addresses.push(("hyper", handler, listener.local_addr().unwrap()));
                hyper_serves(listener, handler, &redis).await;
            }
            tell.send(Servers { addresses, thread, _redis: redis }).unwrap();
            std::future::pending::<()>().await;
        });
    });
    told.recv().unwrap()
}

async fn layered(handler: &str, redis: &Server) -> WebhookLayer {
    match handler {
        "tower-webhook, not deduped" => layer(Scheme::Standard, Dedupe::Off),
        "tower-webhook, Redis" => layer(Scheme::Standard, Dedupe::Off).dedupe(redis.store().await),
        _ => layer(Scheme::Standard, Dedupe::InMemory),
    }
}

async fn seen(handler: &str, redis: &Server) -> Seen {
    match handler {
        "by hand" => Seen::Nowhere,
        "by hand, Redis" => {
            // As the store sets it: otherwise this would compare ways to fill packets.
            let tcp = TcpSettings::default().set_nodelay(true);
            let server = redis.url().into_connection_info().unwrap().set_tcp_settings(tcp);
            Seen::InRedis(ConnectionManager::new(Client::open(server).unwrap()).await.unwrap())
        }
        _ => Seen::in_memory(),
    }
}

async fn axum_serves(listener: TcpListener, handler: &str, redis: &Server) {
    async fn accept(body: Bytes) -> StatusCode {
        drop(std::hint::black_box(body));
        StatusCode::OK
    }
    let app = match handler {
        "none" => Router::new().route("/webhook", post(accept)),
        _ if handler.starts_with("by hand") => {
            by_hand::in_axum(by_hand::standard, seen(handler, redis).await)
        }
        _ => in_axum(layered(handler, redis).await),
    };
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
}

async fn hyper_serves(listener: TcpListener, handler: &str, redis: &Server) {
    async fn accept(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
        drop(std::hint::black_box(request.into_body().collect().await));
        Ok(Response::new(Empty::new()))
    }
    match handler {
        "none" => accepts(listener, service_fn(accept)),
        _ if handler.starts_with("by hand") => {
            let seen = seen(handler, redis).await;
            let inner = service_fn(move |request| by_hand::on_message(request, seen.clone()));
            accepts(listener, by_hand::Verified { verify: by_hand::with_key(by_hand::standard), inner });
        }
        _ => {
            let layer = layered(handler, redis).await.json::<Message>();
            accepts(listener, layer.layer(service_fn(handle::<Body>)));
        }
    }
}

fn accepts<S, R>(listener: TcpListener, service: S)
where
    S: Service<Request<Incoming>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    R: http_body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                builder.serve_connection(TokioIo::new(stream), service).await
            });
        }
    });
}
