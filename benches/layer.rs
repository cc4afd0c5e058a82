//! The layer's cost, compared with the work that every receiver needs.
//!
//! ```text
//! cargo bench --bench layer               # about half a minute
//! cargo bench --bench layer -- --quick    # a few rounds only
//! cargo bench --bench layer -- verify     # only lines whose names contain "verify"
//! ```
//!
//! A line of the table compares a measurement with its base, which usually is the [`Floor`].
//!
//! A measurement and its base take turns in many short rounds of one run, so that other load on the
//! machine affects both. Each column is the median of the rounds, and the ratio is the median of the
//! rounds' ratios. Each request is created right before the clock starts, as if a server had just read
//! it, and is dropped before the clock stops.
//!
//! `peers/` compares more cases, also with other crates.
//!
//! Missed goals are printed but do not fail the run, because timings vary. Allocations are counted in
//! `tests/allocations.rs`, because a counting allocator would slow down the measurement.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

use std::{
    cell::Cell,
    convert::Infallible,
    env, fmt,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{Empty, channel::Channel};
use tokio::runtime::Builder;
use tower::{Layer, Service, service_fn};
use tower_webhook::{Secret, WebhookLayer, provider};

mod common;

use common::{
    delivery::{
        Case::Valid,
        Delivery,
        Frames::One,
        KEY, KIB, MIB, Message,
        Scheme::{Github, Standard},
        id_of,
    },
    floor::Floor,
    ignore, median, rounds, service, standard,
};

fn main() {
    let wanted: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut lines = lines();
    lines.retain(|line| wanted.iter().all(|word| line.name.contains(word)));
    lines.iter_mut().for_each(Line::warm_up);
    for _ in 0..rounds(5, 101) {
        lines.iter_mut().for_each(Line::take_round);
    }
    println!("{:<46} {:>11} {:>11} {:>7}  goal", "", "measured", "base", "ratio");
    for line in &lines {
        println!("{line}");
    }
}

fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    let github = || WebhookLayer::with_verifier(provider::github(KEY.parse::<Secret>().unwrap()));
    for (size, label, goal) in [
        (256, "256 B", None),
        (KIB, "1 KiB", Some(1.9)),
        (16 * KIB, "16 KiB", None),
        (MIB, "1 MiB", Some(1.03)),
    ] {
        for (name, scheme, layer) in [("standard", Standard, standard()), ("github", Github, github())] {
            let delivery = Delivery::new(scheme, Valid, size, One);
            let ours = fresh(layer.without_dedupe(), &delivery);
            let line = Line::new(&format!("verify, {name}, {label} | floor"), ours, hmac(&delivery));
            lines.push(Line { goal, ..line });
        }
    }

    let delivery = &Delivery::new(Standard, Valid, KIB, One);
    let typed = || standard().json::<Message>();
    let line = Line::new(
        "typed and deduped, 1 KiB | floor",
        fresh(typed(), delivery),
        floor(delivery, Floor { typed: true, deduped: true }),
    );
    lines.push(Line { goal: Some(1.6), ..line });
    lines.push(Line::new(
        "typed only, 1 KiB | floor",
        fresh(typed().without_dedupe(), delivery),
        floor(delivery, Floor { typed: true, deduped: false }),
    ));
    lines.push(Line::new(
        "deduped only, 1 KiB | floor",
        fresh(standard(), delivery),
        floor(delivery, Floor { typed: false, deduped: true }),
    ));
    lines.push(Line::new(
        "a duplicate | a fresh one, typed, 1 KiB",
        accepted(typed(), delivery, Ids::Again),
        fresh(typed(), delivery),
    ));
    lines.push(Line::new(
        "rejected, missing signature | HMAC of 1 KiB",
        rejected(delivery, |headers| drop(headers.remove("webhook-signature"))),
        hmac(delivery),
    ));
    lines.push(Line::new(
        "rejected, stale | HMAC of 1 KiB",
        rejected(delivery, |headers| {
            headers.insert("webhook-timestamp", "1700000000".parse().unwrap());
        }),
        hmac(delivery),
    ));

    let delivery = &Delivery::new(Standard, Valid, MIB, One);
    let line = Line::new(
        "last of 64 frames to handler | HMAC, 1 MiB",
        from_last_frame_to_handler(delivery),
        hmac(delivery),
    );
    lines.push(Line { goal: Some(0.10), ..line });
    lines
}

// The measurements. A sample is the mean of several calls, in nanoseconds.

type Sample = Box<dyn FnMut() -> f64>;

/// Measures `op` without `prepare`, which receives an index. A larger body has fewer calls, to allow many rounds.
///
/// Each request is prepared right before its call. If all requests were prepared beforehand, the calls
/// would only free requests and allocate none, which does not happen in a server.
fn timed<T>(delivery: &Delivery, mut prepare: impl FnMut(usize) -> T, mut op: impl FnMut(T)) -> f64 {
    let count = count(delivery);
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

/// Returns the number of calls in a sample: enough for a mean, but few enough to allow many rounds.
fn count(delivery: &Delivery) -> usize {
    (512 * KIB / delivery.size.max(KIB)).clamp(2, 128)
}

fn hmac(delivery: &Delivery) -> Sample {
    floor(delivery, Floor::default())
}

fn floor(delivery: &Delivery, floor: Floor) -> Sample {
    let (delivery, mut work) = (delivery.clone(), floor.prepare());
    Box::new(move || {
        // Create a request here as well, so that the floor and the layer start with the same caches.
        let prepare = |index| delivery.request(&id_of(index)).body().whole.clone();
        timed(&delivery, prepare, |body| work(&body))
    })
}

#[derive(PartialEq, Eq)]
enum Ids {
    Fresh,
    /// Each round repeats the deliveries of the warm-up.
    Again,
}

fn fresh(layer: WebhookLayer, delivery: &Delivery) -> Sample {
    accepted(layer, delivery, Ids::Fresh)
}

fn accepted(layer: WebhookLayer, delivery: &Delivery, ids: Ids) -> Sample {
    let (mut service, delivery, mut first_id) = (service(&layer), delivery.clone(), 0);
    Box::new(move || {
        let prepare = |index| delivery.request(&id_of(first_id + index));
        let taken = timed(&delivery, prepare, |request| answered(&mut service, request, StatusCode::OK));
        if ids == Ids::Fresh {
            first_id += count(&delivery);
        }
        taken
    })
}

/// Measures requests that are rejected because of `change`. They have no body, because the layer would need a task to
/// drain it.
fn rejected(delivery: &Delivery, change: fn(&mut HeaderMap)) -> Sample {
    let (mut service, delivery) = (service(&standard().without_dedupe()), delivery.clone());
    Box::new(move || {
        let prepare = |index| {
            let mut request = delivery.request(&id_of(index)).map(|_| Empty::<Bytes>::new());
            change(request.headers_mut());
            request
        };
        timed(&delivery, prepare, |request| answered(&mut service, request, StatusCode::UNAUTHORIZED))
    })
}

/// Measures the time from the last frame's arrival to the handler.
fn from_last_frame_to_handler(delivery: &Delivery) -> Sample {
    thread_local!(static ENTERED: Cell<Option<Instant>> = const { Cell::new(None) });
    const FRAMES: usize = 64;

    let (delivery, length) = (delivery.clone(), delivery.size / FRAMES);
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let mut service = standard().without_dedupe().layer(service_fn(|request| {
        ENTERED.set(Some(Instant::now()));
        ignore(request)
    }));
    Box::new(move || {
        // The deadline of a pending body needs the runtime's timer.
        let _entered = runtime.enter();
        let mut context = Context::from_waker(Waker::noop());
        let (mut sender, frames) = Channel::<Bytes>::new(FRAMES);
        let request = delivery.request(&id_of(0));
        let body = request.body().whole.clone();
        let mut answer = pin!(service.call(request.map(|_| frames)));
        let mut send = |index: usize| {
            let frame = body.slice(index * length..(index + 1) * length);
            sender.try_send(Frame::data(frame)).unwrap();
        };
        for index in 0..FRAMES - 1 {
            send(index);
            assert!(answer.as_mut().poll(&mut context).is_pending());
        }
        send(FRAMES - 1);
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

// The table.

struct Line {
    name: String,
    measured: Sample,
    base: Sample,
    rounds: Vec<(f64, f64)>,
    /// The highest acceptable ratio.
    goal: Option<f64>,
}

impl Line {
    fn new(name: &str, measured: Sample, base: Sample) -> Self {
        Self { name: name.to_owned(), measured, base, rounds: Vec::new(), goal: None }
    }

    /// Takes a round and discards it, because the caches are still cold.
    fn warm_up(&mut self) {
        self.take_round();
        self.rounds.clear();
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
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measured = median(&self.rounds, |round| round.0);
        let base = median(&self.rounds, |round| round.1);
        let ratio = median(&self.rounds, |(measured, base)| measured / base);
        write!(f, "{:<46} {measured:>8.0} ns {base:>8.0} ns {ratio:>7.3}", self.name)?;
        match self.goal {
            Some(goal) => write!(f, "  {goal:.2} {}", if ratio <= goal { "ok" } else { "MISSED" }),
            None => Ok(()),
        }
    }
}
