//! The layer's cost, compared with the work that every receiver needs.
//!
//! ```text
//! cargo bench --bench layer               # about half a minute
//! cargo bench --bench layer -- --quick    # a few rounds only
//! cargo bench --bench layer -- verify     # only lines whose names contain "verify"
//! ```
//!
//! The *floor* is an HMAC-SHA256 of the body with a prepared key. If the payload is typed, the floor
//! also decodes it with `serde_json` into the same type. If deliveries are deduplicated, the floor
//! also contains one `moka` insert. A line of the table compares a measurement with its base, which
//! usually is the floor.
//!
//! A measurement and its base take turns in many short rounds of one run, so that other load on the
//! machine affects both. Each column is the median of the rounds, and the ratio is the median of the
//! rounds' ratios. Each request is created right before the clock starts, as if a server had just read
//! it, and is dropped before the clock stops. The line "no layer" shows the time of a service without
//! the layer. This time is not subtracted from the others.
//!
//! Missed goals are printed but do not fail the run, because timings vary. Allocations are counted in
//! `tests/allocations.rs`, because a counting allocator would slow down the measurement.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    cell::Cell,
    convert::Infallible,
    env, fmt,
    hint::black_box,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request, Response, StatusCode, request};
use http_body_util::{Empty, Full, channel::Channel};
use moka::{Expiry, policy::EvictionPolicy, sync::Cache};
use serde::Deserialize;
use sha2::Sha256;
use tokio::runtime::{Builder, Handle, Runtime};
use tower::{Layer, Service, service_fn};
use tower_webhook::{Body, Secret, WebhookLayer, WebhookService, provider};

const KEY: &str = "a signing secret of 32 bytes, ok";
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn main() {
    // `cargo bench` passes `--bench`. `cargo test` does not, and runs a few rounds only.
    let is_given = |wanted: &str| env::args().any(|argument| argument == wanted);
    let rounds = if is_given("--quick") || !is_given("--bench") { 5 } else { 101 };
    let wanted: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();

    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let mut lines = lines(&Rc::new(runtime));
    lines.retain(|line| wanted.iter().all(|word| line.name.contains(word)));
    lines.iter_mut().for_each(Line::warm_up);
    for _ in 0..rounds {
        for line in &mut lines {
            line.take_round();
        }
    }
    println!("{:<46} {:>11} {:>11} {:>7}  {:>14} {:>17}", "", "measured", "base", "ratio", "goal", "ideal");
    for line in &lines {
        println!("{line}");
    }
}

fn lines(runtime: &Rc<Runtime>) -> Vec<Line> {
    let signer = Signer::new();
    let mut lines = Vec::new();

    let no_layer = { fresh(signer.clone(), service_fn(handle), message(), Signer::github) };
    lines.push(Line::new("no layer, 1 KiB | HMAC", no_layer, hmac(&signer, message())));

    for (size, goal, ideal) in [
        (256, None, None),
        (KIB, Some(1.9), Some(1.6)),
        (16 * KIB, None, None),
        (MIB, Some(1.03), Some(1.02)),
    ] {
        let body = Bytes::from(vec![b'x'; size]);
        for (name, sign) in SCHEMES {
            let ours = fresh(signer.clone(), verify_only(name), body.clone(), sign);
            let line = Line::new(
                &format!("verify, {name}, {} | floor", bytes(size)),
                ours,
                hmac(&signer, body.clone()),
            );
            lines.push(line.goals(goal, ideal));
        }
    }

    let layer = || WebhookLayer::new(secret("standard"));
    let sign = Signer::standard;
    lines.push(
        Line::new(
            "typed and deduped, 1 KiB | floor",
            fresh(signer.clone(), layer().json::<Message>().layer(service_fn(handle)), message(), sign),
            floor(&signer, message(), true, true),
        )
        .goals(Some(1.6), Some(1.4)),
    );
    lines.push(Line::new(
        "typed only, 1 KiB | floor",
        fresh(
            signer.clone(),
            layer().json::<Message>().without_dedupe().layer(service_fn(handle)),
            message(),
            sign,
        ),
        floor(&signer, message(), true, false),
    ));
    lines.push(Line::new(
        "deduped only, 1 KiB | floor",
        fresh(signer.clone(), layer().layer(service_fn(handle)), message(), sign),
        floor(&signer, message(), false, true),
    ));
    lines.push(
        Line::new(
            "a duplicate | a fresh one, typed, 1 KiB",
            duplicates(&signer, layer().json::<Message>().layer(service_fn(handle))),
            fresh(signer.clone(), layer().json::<Message>().layer(service_fn(handle)), message(), sign),
        )
        .goals(None, Some(0.5)),
    );

    for (name, change) in INVALID {
        let rejected = rejected(&signer, Bytes::new(), *change);
        let line =
            Line::new(&format!("rejected, {name} | HMAC of 1 KiB"), rejected, hmac(&signer, message()));
        lines.push(if *name == "wrong signature" { line } else { line.at_most_ns(1000.0) });
    }
    lines.push(Line::new(
        "wrong signature | verified, 1 KiB",
        rejected(&signer, message(), corrupt_signature),
        fresh(signer.clone(), verify_only("standard"), message(), sign),
    ));
    lines.push(Line::new(
        "missing signature, body drained | verified",
        rejected_and_drained(&signer, runtime),
        fresh(signer.clone(), verify_only("standard"), message(), sign),
    ));

    lines.push(
        Line::new(
            "32 candidates | one, 1 MiB",
            fresh(
                signer.clone(),
                verify_only("standard"),
                Bytes::from(vec![b'x'; MIB]),
                Signer::with_32_candidates,
            ),
            fresh(signer.clone(), verify_only("standard"), Bytes::from(vec![b'x'; MIB]), sign),
        )
        .goals(None, Some(1.05)),
    );
    lines.push(
        Line::new(
            "last of 64 frames to handler | HMAC, 1 MiB",
            from_last_frame_to_handler(&signer, runtime),
            hmac(&signer, Bytes::from(vec![b'x'; MIB])),
        )
        .goals(Some(0.10), Some(0.09)),
    );
    lines
}

// The measurements. A sample is the mean of several calls, in nanoseconds.

type Sample = Box<dyn FnMut() -> f64>;

/// Returns the number of calls in a sample: enough for a mean, but few enough to allow many rounds.
fn count(body: &Bytes) -> usize {
    (512 * KIB / body.len().max(KIB)).clamp(2, 128)
}

/// Measures `op` without `prepare`.
///
/// Each request is prepared right before its call. If all requests were prepared beforehand, the calls
/// would only free requests and allocate none, which does not happen in a server.
fn timed<T>(count: usize, mut prepare: impl FnMut(usize) -> T, mut op: impl FnMut(T)) -> f64 {
    let (mut taken, mut clock_time) = (Duration::ZERO, Duration::ZERO);
    for index in 0..count {
        let prepared = black_box(prepare(index));
        let start = Instant::now();
        op(prepared);
        taken += start.elapsed();
        clock_time += Instant::now().elapsed();
    }
    taken.saturating_sub(clock_time).as_nanos() as f64 / count as f64
}

fn hmac(signer: &Signer, body: Bytes) -> Sample {
    floor(signer, body, false, false)
}

/// Measures the floor: the work that every receiver needs.
fn floor(signer: &Signer, body: Bytes, typed: bool, deduped: bool) -> Sample {
    let mac = signer.mac.clone();
    let cache = Cache::builder()
        .max_capacity(100_000)
        .eviction_policy(EvictionPolicy::lru())
        .expire_after(EightDays)
        .build();
    let mut id = 0_u128;
    let signer = signer.clone();
    Box::new(move || {
        // Create a request here as well, so that the floor and the layer start with the same caches.
        let prepare = |index| drop(black_box(signer.standard(&id_of(index), &body)));
        timed(count(&body), prepare, |()| {
            black_box(mac.clone().chain_update(black_box(&body)).finalize());
            if typed {
                black_box(serde_json::from_slice::<Message>(black_box(&body)).unwrap());
            }
            if deduped {
                id += 1;
                cache.insert(black_box(id), Duration::from_secs(1));
            }
        })
    })
}

struct EightDays;

impl Expiry<u128, Duration> for EightDays {
    fn expire_after_create(&self, _: &u128, _: &Duration, _: Instant) -> Option<Duration> {
        Some(Duration::from_secs(8 * 86_400))
    }
}

/// Measures accepted deliveries, each with its own id.
fn fresh<S, R>(signer: Signer, mut service: S, body: Bytes, sign: Sign) -> Sample
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = Infallible> + 'static,
{
    let mut first_id = 0;
    Box::new(move || {
        let count = count(&body);
        let prepare = |index| sign(&signer, &id_of(first_id + index), &body);
        let taken = timed(count, prepare, |request| answered(&mut service, request, StatusCode::OK));
        first_id += count;
        taken
    })
}

/// Measures duplicates of the deliveries that were handled during the warm-up.
fn duplicates(signer: &Signer, mut service: Layered) -> Sample {
    let (signer, body) = (signer.clone(), message());
    Box::new(move || {
        let prepare = |index| signer.standard(&id_of(index), &body);
        timed(count(&body), prepare, |request| answered(&mut service, request, StatusCode::OK))
    })
}

/// Measures requests that are rejected because of `change`.
fn rejected(signer: &Signer, body: Bytes, change: Change) -> Sample {
    let (signer, mut service) = (signer.clone(), verify_only("standard"));
    Box::new(move || {
        let prepare = |index| changed(signer.standard(&id_of(index), &body), change);
        timed(count(&body), prepare, |request| answered(&mut service, request, StatusCode::UNAUTHORIZED))
    })
}

/// Measures requests like those of [`rejected`], but with an unread body and the task that drains it.
fn rejected_and_drained(signer: &Signer, runtime: &Rc<Runtime>) -> Sample {
    let (signer, body, runtime) = (signer.clone(), message(), Rc::clone(runtime));
    let mut service = verify_only("standard");
    Box::new(move || {
        let prepare = |index| changed(signer.standard(&id_of(index), &body), remove_signature);
        let mut reject = async |request| {
            assert_eq!(service.call(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
            while Handle::current().metrics().num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        };
        timed(count(&body), prepare, |request| runtime.block_on(reject(request)))
    })
}

/// Measures the time from the last frame's arrival to the handler.
fn from_last_frame_to_handler(signer: &Signer, runtime: &Rc<Runtime>) -> Sample {
    thread_local!(static ENTERED: Cell<Option<Instant>> = const { Cell::new(None) });
    const FRAMES: usize = 64;

    let (signer, runtime) = (signer.clone(), Rc::clone(runtime));
    let body = Bytes::from(vec![b'x'; MIB]);
    let mut service =
        WebhookLayer::new(secret("standard")).without_dedupe().layer(service_fn(|request: Request<Body>| {
            ENTERED.set(Some(Instant::now()));
            handle_now(request)
        }));
    Box::new(move || {
        // The deadline of a pending body needs the runtime's timer.
        let _entered = runtime.enter();
        let mut context = Context::from_waker(Waker::noop());
        let (mut sender, frames) = Channel::<Bytes>::new(FRAMES);
        let request = signer.standard(&id_of(0), &body).map(|_| frames);
        let mut answer = pin!(service.call(request));
        let frame = |index: usize| body.slice(index * MIB / FRAMES..(index + 1) * MIB / FRAMES);
        for index in 0..FRAMES - 1 {
            sender.try_send(http_body::Frame::data(frame(index))).unwrap();
            assert!(answer.as_mut().poll(&mut context).is_pending());
        }
        sender.try_send(http_body::Frame::data(frame(FRAMES - 1))).unwrap();
        drop(sender);
        let start = Instant::now();
        let Poll::Ready(answer) = answer.as_mut().poll(&mut context) else { panic!("response is pending") };
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
        ENTERED.take().unwrap().duration_since(start).as_nanos() as f64
    })
}

/// Calls the service without a runtime. The callers send only requests for which nothing is pending.
fn answered<S, B, R>(service: &mut S, request: Request<B>, expected: StatusCode)
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
{
    let answer = pin!(service.call(request)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(response)) = answer else { panic!("response is pending") };
    assert_eq!(response.status(), expected);
    black_box(response);
}

// The services and their requests.

type Handler = tower::util::ServiceFn<fn(Request<Body>) -> Answer>;
type Answer = std::future::Ready<Result<Response<Empty<Bytes>>, Infallible>>;
type Layered = WebhookService<Handler>;

fn handle<B>(request: Request<B>) -> Answer {
    handle_now(request)
}

fn handle_now<B>(request: Request<B>) -> Answer {
    drop(black_box(request));
    std::future::ready(Ok(Response::new(Empty::new())))
}

fn verify_only(name: &str) -> Layered {
    let layer = match name {
        "standard" => WebhookLayer::new(secret(name)),
        _ => WebhookLayer::with_verifier(provider::github(secret(name))),
    };
    layer.without_dedupe().layer(service_fn(handle))
}

fn secret(name: &str) -> Secret {
    match name {
        "standard" => BASE64.encode(KEY.as_bytes()).parse().unwrap(),
        _ => KEY.parse().unwrap(),
    }
}

type Sign = fn(&Signer, &str, &Bytes) -> Request<Full<Bytes>>;

const SCHEMES: [(&str, Sign); 2] = [("standard", Signer::standard), ("github", Signer::github)];

/// A provider with a prepared key.
#[derive(Clone)]
struct Signer {
    mac: Hmac<Sha256>,
}

impl Signer {
    fn new() -> Self {
        Self { mac: Hmac::new_from_slice(KEY.as_bytes()).unwrap() }
    }

    fn github(&self, id: &str, body: &Bytes) -> Request<Full<Bytes>> {
        let tag = self.mac.clone().chain_update(body).finalize().into_bytes();
        post(body)
            .header("x-github-delivery", as_read(id))
            .header("x-github-event", as_read("push"))
            .header("x-hub-signature-256", as_read(format!("sha256={}", HEXLOWER.encode(&tag))))
            .body(Full::new(body.clone()))
            .unwrap()
    }

    fn standard(&self, id: &str, body: &Bytes) -> Request<Full<Bytes>> {
        self.standard_after("", id, body)
    }

    fn with_32_candidates(&self, id: &str, body: &Bytes) -> Request<Full<Bytes>> {
        let wrong = format!("v1,{} ", BASE64.encode(&[7; 32]));
        self.standard_after(&wrong.repeat(31), id, body)
    }

    fn standard_after(&self, others: &str, id: &str, body: &Bytes) -> Request<Full<Bytes>> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let signed = format!("{id}.{now}.");
        let tag = self.mac.clone().chain_update(signed).chain_update(body).finalize().into_bytes();
        post(body)
            .header("webhook-id", as_read(id))
            .header("webhook-timestamp", as_read(now))
            .header("webhook-signature", as_read(format!("{others}v1,{}", BASE64.encode(&tag))))
            .body(Full::new(body.clone()))
            .unwrap()
    }
}

fn post(body: &Bytes) -> request::Builder {
    Request::post("https://example.com/webhook")
        .header("content-type", as_read("application/json"))
        .header("content-length", as_read(body.len()))
        .header("user-agent", as_read("a provider/1.0"))
}

/// Returns a header value in a shared buffer, like the values that a server reads.
fn as_read(value: impl ToString) -> HeaderValue {
    let buffer = Bytes::from(value.to_string());
    HeaderValue::from_maybe_shared(buffer.clone()).unwrap()
}

fn id_of(number: usize) -> String {
    format!("msg_2KWPBgLlAfxdpx2AI54p{number:07}")
}

type Change = fn(&mut request::Parts);

const INVALID: &[(&str, Change)] =
    &[("missing signature", remove_signature), ("stale", make_stale), ("wrong signature", corrupt_signature)];

fn remove_signature(head: &mut request::Parts) {
    head.headers.remove("webhook-signature");
}

fn make_stale(head: &mut request::Parts) {
    head.headers.insert("webhook-timestamp", "1700000000".parse().unwrap());
}

fn corrupt_signature(head: &mut request::Parts) {
    head.headers.insert("webhook-signature", format!("v1,{}", BASE64.encode(&[7; 32])).parse().unwrap());
}

fn changed<B>(request: Request<B>, change: Change) -> Request<B> {
    let (mut head, body) = request.into_parts();
    change(&mut head);
    Request::from_parts(head, body)
}

/// A typical payload.
#[derive(Deserialize)]
#[expect(dead_code, reason = "parsing them is what is measured")]
struct Message {
    r#type: String,
    timestamp: String,
    account: u64,
    conversation: String,
    contact: Contact,
    text: Option<String>,
    attachments: Vec<Attachment>,
    labels: Vec<String>,
    by_human: bool,
    sent_at: u64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsing them is what is measured")]
struct Contact {
    id: String,
    name: String,
    phone: String,
    language: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsing them is what is measured")]
struct Attachment {
    url: String,
    media_type: String,
    bytes: u64,
}

/// Returns a [`Message`] of 1 KiB.
fn message() -> Bytes {
    let around = |text: &str| {
        format!(
            r#"{{"type":"message.received","timestamp":"2026-11-05T09:30:12.471Z","account":184467,"conversation":"cnv_01HF2Q7T9Z","contact":{{"id":"9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d","name":"Zoë Almeida","phone":"4915112345678","language":"pt"}},"text":"{text}","attachments":[{{"url":"https://media.example.com/a/7f3c2b1e.jpg","media_type":"image/jpeg","bytes":182044}},{{"url":"https://media.example.com/a/91ab77c0.pdf","media_type":"application/pdf","bytes":48213}}],"labels":["order","vip","second line"],"by_human":true,"sent_at":1762335012}}"#
        )
    };
    let filler = "Is my order on its way? I moved house last week. ".repeat(KIB);
    let room = KIB - around("").len();
    let message = around(filler.get(..room).unwrap());
    assert_eq!(message.len(), KIB);
    Bytes::from(message)
}

// The table.

struct Line {
    name: String,
    measured: Sample,
    base: Sample,
    rounds: Vec<(f64, f64)>,
    goals: [Option<f64>; 2],
    at_most_ns: Option<f64>,
}

impl Line {
    fn new(name: &str, measured: Sample, base: Sample) -> Self {
        let rounds = Vec::new();
        Self { name: name.to_owned(), measured, base, rounds, goals: [None, None], at_most_ns: None }
    }

    /// Takes a round and discards it, because the caches are still cold.
    fn warm_up(&mut self) {
        self.take_round();
        self.rounds.clear();
    }

    /// Sets the highest acceptable ratio, and the ideal one.
    fn goals(mut self, goal: Option<f64>, ideal: Option<f64>) -> Self {
        self.goals = [goal, ideal];
        self
    }

    fn at_most_ns(mut self, nanoseconds: f64) -> Self {
        self.at_most_ns = Some(nanoseconds);
        self
    }

    fn take_round(&mut self) {
        // Alternate the order of the measurement and its base.
        let round = if self.rounds.len().is_multiple_of(2) {
            let measured = (self.measured)();
            (measured, (self.base)())
        } else {
            let base = (self.base)();
            ((self.measured)(), base)
        };
        self.rounds.push(round);
    }

    fn median(&self, of: impl Fn(&(f64, f64)) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = |met| if met { "ok" } else { "MISSED" };
        let (measured, base) = (self.median(|round| round.0), self.median(|round| round.1));
        let ratio = self.median(|(measured, base)| measured / base);
        write!(f, "{:<46} {measured:>8.0} ns {base:>8.0} ns {ratio:>7.3}", self.name)?;
        let [goal, ideal] =
            self.goals.map(|goal| goal.map(|goal| format!("{goal:.2} {}", verdict(ratio <= goal))));
        let in_ns = self.at_most_ns.map(|most| format!("{most:.0} ns {}", verdict(measured <= most)));
        let cells = [goal, ideal.or(in_ns)].map(Option::unwrap_or_default);
        write!(f, "  {:>14} {:>17}", cells[0], cells[1])
    }
}

fn bytes(count: usize) -> String {
    match count {
        MIB.. => format!("{} MiB", count / MIB),
        KIB.. => format!("{} KiB", count / KIB),
        _ => format!("{count} B"),
    }
}
