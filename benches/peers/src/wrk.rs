//! The measurements over loopback with `wrk` as the sender, on the same servers as in `http`.
//!
//! ```text
//! cargo run --release -- wrk               # writes results/wrk.tsv; starts a redis-server, and wrk
//! cargo run --release -- wrk --quick    # a few rounds, writes nothing
//! ```
//!
//! `wrk` supports HTTP/1 only, and repeats the same request if it has no script. `wrk.lua` sends deliveries that
//! were signed beforehand, each with its own id.

use std::{
    fmt::Write,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use http::Request;
use peers::{
    delivery::{Case, Delivery, Frames, KIB, Scheme, Sent, id_of, message},
    results::{Run, Table},
    rounds::median,
};

use crate::servers::{HANDLERS, Servers, position, serve};

/// The number of signed deliveries. `wrk` limits the time of a round and not the number of its requests, so this
/// number is larger than the requests of any round.
const SIGNED: usize = 150_000;
const SECONDS: usize = 1;
const AT_ONCE: usize = 32;

pub fn measure(run: &Run) {
    let servers = serve();
    let mut results: Vec<_> =
        ["hyper", "axum"].into_iter().filter(|host| run.wants(host)).map(|host| (host, Vec::new())).collect();
    let deliveries = Deliveries::new();
    // The first round has cold caches and does not count.
    for round in 0..=run.rounds(9) {
        for (host, rounds) in &mut results {
            let addresses = servers.addresses(host);
            let mut slices: Vec<Option<Slice>> = HANDLERS.map(|_| None).into();
            for turn in 0..HANDLERS.len() {
                let index = (round + turn) % HANDLERS.len();
                slices[index] = Some(slice(addresses[index], &deliveries, &servers));
            }
            if round > 0 {
                rounds.push(slices.into_iter().flatten().collect::<Vec<_>>());
            }
        }
    }
    let columns = &[
        "host",
        "handler",
        "requests/s",
        "of by hand",
        "of its like",
        "p50 µs",
        "p99 µs",
        "p99.9 µs",
        "server µs",
        "server, of by hand",
    ];
    let mut table = Table::new("wrk", columns);
    for (host, rounds) in &results {
        for (index, (handler, like)) in HANDLERS.iter().enumerate() {
            let of = |value: fn(&Slice) -> f64| median(rounds.iter().map(|round| value(&round[index])));
            let ratio = |base: &str, value: fn(&Slice) -> f64| {
                let base = position(base);
                median(rounds.iter().map(|round| value(&round[index]) / value(&round[base])))
            };
            table.row(&[
                host,
                handler,
                &format!("{:.0}", of(|it| it.per_second)),
                &format!("{:.3}", ratio("by hand", |it| it.per_second)),
                &format!("{:.3}", ratio(like, |it| it.per_second)),
                &format!("{:.0}", of(|it| it.quantiles[0])),
                &format!("{:.0}", of(|it| it.quantiles[1])),
                &format!("{:.0}", of(|it| it.quantiles[2])),
                &format!("{:.2}", of(|it| it.server_micros)),
                &format!("{:.3}", ratio("by hand", |it| it.server_micros)),
            ]);
        }
    }
    table.keep(run);
}

struct Slice {
    per_second: f64,
    server_micros: f64,
    /// The p50, p99 and p99.9 of the latency, in microseconds.
    quantiles: [f64; 3],
}

/// Lets `wrk` send fresh deliveries for [`SECONDS`].
fn slice(address: SocketAddr, deliveries: &Deliveries, servers: &Servers) -> Slice {
    deliveries.sign();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("wrk.lua");
    let worked = servers.processor_time();
    let output = Command::new("wrk")
        .args(["--threads=1", &format!("--connections={AT_ONCE}"), &format!("--duration={SECONDS}s")])
        .arg("--script")
        .arg(script)
        .arg(format!("http://{address}/webhook"))
        .arg("--")
        .args([&deliveries.body, &deliveries.heads])
        .output()
        .unwrap_or_else(|error| {
            panic!("`wrk` cannot be run; most systems have it in the package `wrk`: {error}")
        });
    let worked = servers.processor_time() - worked;
    let output = String::from_utf8_lossy(&output.stdout);
    let summary = output.lines().find_map(|line| line.strip_prefix("summary "));
    let summary = summary.unwrap_or_else(|| panic!("`wrk` printed no summary: {output}"));
    let numbers: Vec<f64> = summary.split(' ').map(|number| number.parse().unwrap()).collect();
    let [requests, micros, rejected, broken, repeated, p50, p99, p999] = numbers[..] else {
        panic!("summary of `wrk` is malformed: {summary}")
    };
    assert_eq!(
        [rejected, broken, repeated],
        [0.0; 3],
        "requests were rejected, failed or repeated: {output}"
    );
    Slice {
        per_second: requests / micros * 1e6,
        server_micros: worked.as_nanos() as f64 / 1e3 / requests,
        quantiles: [p50, p99, p999],
    }
}

/// Two files: one with the body, and one with the id, timestamp and signature of each delivery.
struct Deliveries {
    folder: PathBuf,
    body: PathBuf,
    heads: PathBuf,
}

impl Deliveries {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("deliveries-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let (body, heads) = (folder.join("body"), folder.join("heads"));
        fs::write(&body, message(KIB)).unwrap();
        Self { folder, body, heads }
    }

    /// Signs deliveries with new ids.
    fn sign(&self) {
        static SIGNED_SO_FAR: AtomicUsize = AtomicUsize::new(0);
        let first_id = SIGNED_SO_FAR.fetch_add(SIGNED, Ordering::Relaxed);
        let delivery = Delivery::new(Scheme::Standard, Case::Valid, KIB, Frames::One);
        let mut heads = String::new();
        for number in 0..SIGNED {
            let request = delivery.request(&id_of(first_id + number));
            let [id, timestamp, signature] = ["id", "timestamp", "signature"].map(|it| header(&request, it));
            writeln!(heads, "{id} {timestamp} {signature}").unwrap();
        }
        fs::write(&self.heads, heads).unwrap();
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn header<'r>(request: &'r Request<Sent>, name: &str) -> &'r str {
    request.headers()[&format!("webhook-{name}")].to_str().unwrap()
}
