//! The measurements over loopback: requests per second, latencies, and the server's processor time per
//! request.
//!
//! ```text
//! cargo run --release -- http               # writes results/http.tsv; starts a redis-server
//! cargo run --release -- http --quick    # a few rounds, writes nothing
//! ```
//!
//! One thread serves, and another thread sends. On a machine with two cores, Redis shares the cores
//! with both threads. The sender is hyper's client for both HTTP/1 and HTTP/2, with 32 concurrent
//! requests. Each request has its own id and is signed before its round begins. The servers take turns
//! in many short rounds. Rates and processor times are medians of the rounds, ratios are medians of the
//! rounds' ratios, and latencies are percentiles of all requests. The column `server µs` is the
//! processor time of the serving thread per request. It is the figure that other load affects least.
//!
//! The loop is closed: a connection sends its next request after the previous answer. The command `wrk`
//! measures with another sender, for HTTP/1 only.

use std::{
    cell::RefCell,
    net::SocketAddr,
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use peers::{
    delivery::{Case, Delivery, Frames, KIB, Scheme, id_of, message},
    results::{Run, Table},
    rounds::median,
};
use tokio::{net::TcpStream, runtime::Builder, task::LocalSet};

use crate::servers::{HANDLERS, Servers, position, serve};

const REQUESTS: usize = 2_000;
const AT_ONCE: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Protocol {
    Http1,
    Http2,
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
    // The first round has cold caches and does not count.
    for round in 0..=run.rounds(31) {
        for setting in &mut results {
            setting.take_round(round, &servers);
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
    results.iter().for_each(|setting| setting.write(&mut table));
    table.keep(run);
}

/// A host and a protocol, measured with all handlers.
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
        let addresses = servers.addresses(host);
        let latencies = HANDLERS.map(|_| Histogram::new(3).unwrap()).into();
        Self { host, protocol, addresses, rounds: Vec::new(), latencies }
    }

    fn take_round(&mut self, round: usize, servers: &Servers) {
        let mut slices: Vec<Option<Slice>> = HANDLERS.map(|_| None).into();
        for turn in 0..HANDLERS.len() {
            let index = (round + turn) % HANDLERS.len();
            let latencies = (round > 0).then(|| &mut self.latencies[index]);
            slices[index] = Some(slice(self.addresses[index], self.protocol, servers, latencies));
        }
        if round > 0 {
            self.rounds.push(slices.into_iter().flatten().collect());
        }
    }

    fn write(&self, table: &mut Table) {
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

/// Sends [`REQUESTS`] fresh deliveries.
fn slice(
    address: SocketAddr,
    protocol: Protocol,
    servers: &Servers,
    latencies: Option<&mut Histogram<u64>>,
) -> Slice {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let first_id = SENT.fetch_add(REQUESTS, Ordering::Relaxed);
    let delivery = Delivery::new(Scheme::Standard, Case::Valid, KIB, Frames::One);
    let body = message(KIB);
    // HTTP/1 sends only the path in the request line, and the host as a header.
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
        let (start, worked) = (Instant::now(), servers.processor_time());
        let tasks: Vec<_> = senders
            .into_iter()
            .map(|sender| tokio::task::spawn_local(send(sender, Rc::clone(&requests), Rc::clone(&taken))))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let elapsed = start.elapsed();
        let worked = servers.processor_time() - worked;
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

/// Opens a connection for each concurrent request or, for HTTP/2, a few connections with several
/// streams each.
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
