//! Parts of the benchmarks. The comparison in `peers/` includes `delivery` and `floor`.
#![allow(dead_code, reason = "no benchmark uses all of it")]

pub mod delivery;
pub mod floor;

use std::{
    convert::Infallible,
    env,
    future::{Ready, ready},
    hint::black_box,
    ops::Range,
    sync::LazyLock,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, ServiceExt, service_fn, util::ServiceFn};
use tower_webhook::{
    Body, Secret, WebhookLayer, WebhookService,
    store::{Claim, Key, Store, Token},
};

use delivery::{Case::Valid, Delivery, Frames::One, KIB, Scheme::Standard, Sent, id_of, standard_secret};

pub const LEASE: Duration = Duration::from_secs(30);
pub const WINDOW: Duration = Duration::from_secs(8 * 86_400);
/// Deliveries in a round of a shared store.
pub const ROUND: usize = 1000;

/// The layer in front of [`ignore`].
pub type Layered = WebhookService<ServiceFn<fn(Request<Body>) -> Answer>>;
pub type Answer = Ready<Result<Response<Empty<Bytes>>, Infallible>>;

/// The handler. It only drops the request.
pub fn ignore(request: Request<Body>) -> Answer {
    drop(black_box(request));
    ready(Ok(Response::new(Empty::new())))
}

pub fn service(layer: &WebhookLayer) -> Layered {
    layer.layer(service_fn(ignore))
}

pub fn standard() -> WebhookLayer {
    WebhookLayer::new(standard_secret().parse::<Secret>().unwrap())
}

pub fn signed(id: &str) -> Request<Sent> {
    static DELIVERY: LazyLock<Delivery> = LazyLock::new(|| Delivery::new(Standard, Valid, KIB, One));
    DELIVERY.request(id)
}

pub async fn handle(service: Layered, id: String) {
    assert_eq!(service.oneshot(signed(&id)).await.unwrap().status(), 200);
}

/// Returns `quick` with the option `--quick`, otherwise `full`.
///
/// `cargo bench` passes `--bench`. `cargo test` does not, and runs a few rounds only.
pub fn rounds(quick: usize, full: usize) -> usize {
    let is_given = |wanted: &str| env::args().any(|argument| argument == wanted);
    if is_given("--quick") || !is_given("--bench") { quick } else { full }
}

/// Measures the columns in turns, and returns the results of each round. Each round starts with another column.
pub async fn take_rounds<const N: usize>(count: usize, measure: impl AsyncFn(usize) -> f64) -> Vec<[f64; N]> {
    let mut results = Vec::new();
    for round in 0..=count {
        let mut result = [0.0; N];
        for column in (0..N).map(|column| (round + column) % N) {
            result[column] = measure(column).await;
        }
        results.push(result);
    }
    // The first round has cold caches and does not count.
    results.split_off(1)
}

/// Takes rounds with the columns `layer`, `store alone` and `bare`, a client without the store. Before each column,
/// `empty` empties the store. The results are deliveries per second.
pub async fn rates<F>(
    rounds: usize,
    at_once: usize,
    empty: impl AsyncFn(),
    store: impl Store + Clone,
    bare: impl Fn(String) -> F + Clone + Send + 'static,
) -> Vec<[f64; 3]>
where
    F: Future<Output = ()> + Send,
{
    let service = service(&standard().dedupe(store.clone()));
    take_rounds(rounds, async |column| {
        empty().await;
        let (service, store, bare) = (service.clone(), store.clone(), bare.clone());
        match column {
            0 => rate(at_once, 0..ROUND, move |id| handle(service.clone(), id)).await,
            1 => {
                rate(at_once, 0..ROUND, move |id| {
                    drop(black_box(signed(&id)));
                    claim_and_complete(store.clone(), Key::new("standard", &id))
                })
                .await
            }
            _ => {
                rate(at_once, 0..ROUND, move |id| {
                    drop(black_box(signed(&id)));
                    bare(format!("standard:{id}"))
                })
                .await
            }
        }
    })
    .await
}

async fn claim_and_complete(store: impl Store, key: Key) {
    let token = Token::mint();
    let claim = store.claim(&key, &token, LEASE).await.unwrap();
    assert!(matches!(claim, Claim::Acquired { .. }));
    assert!(store.complete(&key, &token, WINDOW).await.unwrap());
}

/// Returns how many deliveries per second `work` processes, `at_once` at a time.
pub async fn rate<F>(
    at_once: usize,
    numbers: Range<usize>,
    work: impl Fn(String) -> F + Clone + Send + 'static,
) -> f64
where
    F: Future<Output = ()> + Send,
{
    let (start, count) = (Instant::now(), numbers.len());
    let workers: Vec<_> = (0..at_once)
        .map(|worker| {
            let (work, numbers) = (work.clone(), numbers.clone().skip(worker).step_by(at_once));
            tokio::spawn(async move {
                for number in numbers {
                    work(id_of(number)).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    count as f64 / start.elapsed().as_secs_f64()
}

pub fn head(title: &str, columns: &[&str]) {
    let columns: String = columns.iter().map(|column| format!(" {column:>12}")).collect();
    println!("\n{title:<34}{columns}");
}

/// Prints the median of each column, and the median of the rounds' ratios, which should be at least `goal`.
pub fn row<const N: usize>(
    label: &str,
    results: &[[f64; N]],
    ratio: impl Fn(&[f64; N]) -> f64,
    goal: Option<f64>,
) {
    let columns: String =
        (0..N).map(|column| format!(" {:>12.0}", median(results, |round| round[column]))).collect();
    let ratio = median(results, ratio);
    let verdict = goal.map(|goal| format!("{goal:.2} {}", if ratio >= goal { "ok" } else { "MISSED" }));
    let verdict = verdict.unwrap_or_default();
    println!("{label:<34}{columns} {ratio:>12.3}  {verdict}");
}

pub fn median<T>(results: &[T], of: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<f64> = results.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
