//! The servers that receive deliveries over loopback, each on its own port.

use std::{convert::Infallible, fs, net::SocketAddr, sync::mpsc, thread, time::Duration};

use axum::{Router, http::StatusCode, routing::post, serve::ListenerExt};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
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
    delivery::{Message, Scheme},
    print::row,
    rounds::median,
};
use redis::{Client, IntoConnectionInfo, aio::ConnectionManager, io::tcp::TcpSettings};
use tokio::{net::TcpListener, runtime::Builder};
use tower::{Layer, Service, service_fn};
use tower_webhook::{Body, WebhookLayer};

#[allow(dead_code, reason = "only the crate's tests use the rest")]
#[path = "../../../tests/redis/server.rs"]
mod server;

use server::Server;

pub const HANDLERS: [&str; 7] = [
    "no verification",
    BY_HAND,
    "tower-webhook, not deduped",
    "by hand, deduped",
    "tower-webhook",
    "by hand, Redis",
    "tower-webhook, Redis",
];

/// The handler that the others are compared with.
const BY_HAND: &str = "by hand";

/// The requests of one handler in one round.
pub struct Slice {
    pub per_second: f64,
    /// The server's processor time per request.
    pub server_micros: f64,
}

/// The rounds of all handlers with one host and one protocol.
pub type Rounds = Vec<Vec<Slice>>;

/// Takes rounds for each of the settings. In each round, a different handler goes first. `slice` takes the numbers of
/// the setting and of the handler, and whether the round counts.
pub fn take_rounds(
    count: usize,
    settings: usize,
    mut slice: impl FnMut(usize, usize, bool) -> Slice,
) -> Vec<Rounds> {
    let mut rounds: Vec<Rounds> = (0..settings).map(|_| Vec::new()).collect();
    // The first round has cold caches and does not count.
    for round in 0..=count {
        for (setting, rounds) in rounds.iter_mut().enumerate() {
            let mut slices: Vec<Option<Slice>> = HANDLERS.map(|_| None).into();
            for turn in 0..HANDLERS.len() {
                let handler = (round + turn) % HANDLERS.len();
                slices[handler] = Some(slice(setting, handler, round > 0));
            }
            if round > 0 {
                rounds.push(slices.into_iter().flatten().collect());
            }
        }
    }
    rounds
}

/// Prints a row for each handler. `latency` returns the p50, p99 and p99.9 of a setting and a handler, in
/// microseconds.
pub fn print_rows(settings: &[Rounds], latency: impl Fn(usize, usize) -> [f64; 3]) {
    let base = HANDLERS.iter().position(|handler| *handler == BY_HAND).unwrap();
    for (handler, label) in HANDLERS.iter().enumerate() {
        let cell = |(setting, rounds): (usize, &Rounds)| {
            let of = |value: fn(&Slice) -> f64| median(rounds.iter().map(|round| value(&round[handler])));
            let ratio = |value: fn(&Slice) -> f64| {
                median(rounds.iter().map(|round| value(&round[handler]) / value(&round[base])))
            };
            let [p50, p99, p999] = latency(setting, handler).map(|micros| micros / 1e3);
            format!(
                "{:.1} k/s, {:.2} ×<br>{:.1} µs, {:.2} ×<br>{p50:.1} / {p99:.1} / {p999:.1} ms",
                of(|it| it.per_second) / 1e3,
                ratio(|it| it.per_second),
                of(|it| it.server_micros),
                ratio(|it| it.server_micros),
            )
        };
        row(label, settings.iter().enumerate().map(cell));
    }
}

/// All servers, on one thread. Only one of them has work at a time.
pub struct Servers {
    addresses: Vec<(&'static str, &'static str, SocketAddr)>,
    thread: String,
    /// The Redis server, which stops when this field is dropped.
    _redis: Server,
}

impl Servers {
    /// Returns the address of each handler, in the order of [`HANDLERS`].
    pub fn addresses(&self, host: &str) -> Vec<SocketAddr> {
        let of = |handler| self.addresses.iter().find(|it| it.0 == host && it.1 == handler).unwrap().2;
        HANDLERS.iter().map(|handler| of(*handler)).collect()
    }

    /// Returns the processor time of the servers' thread.
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/schedstat", self.thread)).unwrap();
        Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
    }
}

pub fn serve() -> Servers {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let thread = fs::read_link("/proc/thread-self").unwrap().to_str().unwrap().to_owned();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let redis = Server::start().await;
            let mut addresses = Vec::new();
            for handler in HANDLERS {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                addresses.push(("axum", handler, listener.local_addr().unwrap()));
                axum_serves(listener, handler, &redis).await;
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                addresses.push(("hyper", handler, listener.local_addr().unwrap()));
                hyper_serves(listener, handler, &redis).await;
            }
            sender.send(Servers { addresses, thread, _redis: redis }).unwrap();
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().unwrap()
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
        BY_HAND => Seen::Nowhere,
        "by hand, Redis" => {
            // Use the same TCP settings as the store.
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
        "no verification" => Router::new().route("/webhook", post(accept)),
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
        "no verification" => accepts(listener, service_fn(accept)),
        _ if handler.starts_with("by hand") => {
            let seen = seen(handler, redis).await;
            let inner = service_fn(move |request| by_hand::on_message(request, seen.clone()));
            accepts(listener, by_hand::around(Scheme::Standard, inner));
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
