//! The measurements over loopback with `wrk` as the sender, on the same servers as in `http`.
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
    print::{head, rounds},
    rounds::median,
};

use crate::servers::{HANDLERS, Servers, Slice, print_rows, serve, take_rounds};

/// The number of signed deliveries. `wrk` limits the time of a round and not the number of its requests, so this
/// number is larger than the requests of any round.
const SIGNED: usize = 150_000;
const SECONDS: usize = 1;
const AT_ONCE: usize = 32;

pub fn measure() {
    let servers = serve();
    let deliveries = Deliveries::new();
    let hosts = ["axum", "hyper"];
    let mut latencies = hosts.map(|_| HANDLERS.map(|_| Vec::new()));
    let rounds = take_rounds(rounds(9), hosts.len(), |host, handler, counts| {
        let (slice, quantiles) = slice(servers.addresses(hosts[host])[handler], &deliveries, &servers);
        if counts {
            latencies[host][handler].push(quantiles);
        }
        slice
    });
    head("over loopback, sent by `wrk`", &["axum, HTTP/1.1", "hyper, HTTP/1.1"]);
    print_rows(&rounds, |host, handler| {
        [0, 1, 2].map(|which| median(latencies[host][handler].iter().map(|quantiles| quantiles[which])))
    });
}

/// Lets `wrk` send fresh deliveries for [`SECONDS`]. Also returns the p50, p99 and p99.9 of the latency, in
/// microseconds.
fn slice(address: SocketAddr, deliveries: &Deliveries, servers: &Servers) -> (Slice, [f64; 3]) {
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
    let server_micros = worked.as_nanos() as f64 / 1e3 / requests;
    (Slice { per_second: requests / micros * 1e6, server_micros }, [p50, p99, p999])
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
