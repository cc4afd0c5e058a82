//! The measurements over loopback: requests per second, latencies, and the server's processor time per
//! request.
//!
//! One thread serves, and another thread sends. On a machine with two cores, Redis shares the cores
//! with both threads. The sender is hyper's client for both HTTP/1 and HTTP/2, with 32 concurrent
//! requests. Each request has its own id and is signed before its round begins. The servers take turns
//! in many short rounds. Latencies are percentiles of all requests.
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
    print::{head, rounds},
};
use tokio::{net::TcpStream, runtime::Builder, task::LocalSet};

use Protocol::{Http1, Http2};

use crate::servers::{HANDLERS, Servers, Slice, print_rows, serve, take_rounds};

const REQUESTS: usize = 2_000;
const AT_ONCE: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

pub fn measure() {
    let servers = serve();
    let settings = [("axum", Http1), ("axum", Http2), ("hyper", Http1), ("hyper", Http2)];
    let mut latencies = settings.map(|_| HANDLERS.map(|_| Histogram::<u64>::new(3).unwrap()));
    let rounds = take_rounds(rounds(31), settings.len(), |setting, handler, counts| {
        let (host, protocol) = settings[setting];
        let latencies = counts.then_some(&mut latencies[setting][handler]);
        slice(servers.addresses(host)[handler], protocol, &servers, latencies)
    });
    head(
        "over loopback, typed, 1 KiB",
        &["axum, HTTP/1.1", "axum, HTTP/2", "hyper, HTTP/1.1", "hyper, HTTP/2"],
    );
    print_rows(&rounds, |setting, handler| {
        [0.5, 0.99, 0.999].map(|it| latencies[setting][handler].value_at_quantile(it) as f64 / 1e3)
    });
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
        if protocol == Http1 {
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
            Http1 => {
                let (sender, connection) = http1::handshake(connection().await).await.unwrap();
                tokio::task::spawn_local(connection);
                senders.push(Sender::Http1(sender));
            }
            Http2 => {
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
