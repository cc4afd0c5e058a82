//! Limits on the instructions of the hot paths. Unlike timings, instruction counts are reliable on a busy machine.
//! `sh benches/instructions.sh` counts them with gungraun and valgrind, and fails if a path exceeds its limit.
//!
//! valgrind does not support SHA instructions, so `github` and `standard` contain 10,100 instructions of a hash in
//! software. The verifier of most other paths computes no hash: it accepts or rejects every signature.
//!
//! A limit is 2 % above its count. The counts of one program vary by 0.05 %, because maps have random seeds and the
//! memory store's cache reads the clock. Larger growth has another cause: the code, a different compiler, or a
//! different C library, whose `malloc` and `memcpy` count as well. If a change needs more instructions, update its
//! counts, and state the reason in the commit message. If a different compiler needs more, update the counts in a
//! separate commit, on top of one that passed with the old compiler.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use gungraun::{Callgrind, EntryPoint, EventKind, prelude::*};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request, Response, request};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::Empty;
use serde::Deserialize;
use sha2::Sha256;
use tower::{Layer, Service, service_fn};
use tower_webhook::{
    Body, ManualClock, Secret, WebhookLayer, WebhookService, provider,
    verify::{Verified, VerifyError, from_fn},
};

const KEY: &str = "a signing secret of 32 bytes, ok";
const NOW: u32 = 1_762_335_012;
const DELIVERIES: usize = 1_000;

main!(library_benchmark_groups = paths);

library_benchmark_group!(name = paths, benchmarks = [path]);

// Each path has the number of instructions per delivery.
#[library_benchmark]
#[bench::passed_through(args = (|| run(accepting().only_if(|_| false), 200, plain)), config = about(2_096))]
#[bench::rejected_missing_standard(args = (|| rejected(standard(), |_| {})), config = about(5_077))]
#[bench::rejected_missing_github(args = (|| rejected(github(), |_| {})), config = about(5_135))]
#[bench::rejected_malformed_standard(args = (|| rejected(standard(), malformed_standard)), config = about(6_827))]
#[bench::rejected_stale_standard(args = (|| rejected(standard(), stale_standard)), config = about(9_230))]
#[bench::rejected_stale_stripe(args = (|| rejected(stripe(), stale_stripe)), config = about(7_852))]
#[bench::rejected_after_the_body(args = (|| run(rejecting(), 401, plain)), config = about(5_199))]
#[bench::verified(args = (|| run(verifying(), 200, plain)), config = about(6_396))]
#[bench::verified_64_frames(args = (|| run(verifying(), 200, |id| signed(id, 64))), config = about(20_882))]
#[bench::github(args = (|| run(github().without_dedupe(), 200, signed_by_github)), config = about(19_936))]
#[bench::standard(args = (|| run(standard().without_dedupe(), 200, signed_by_standard)), config = about(21_708))]
#[bench::typed(args = (|| run(verifying().json::<Event>(), 200, plain)), config = about(9_946))]
#[bench::fresh(args = (|| run(accepting(), 200, plain)), config = about(12_420))]
#[bench::fresh_typed(args = (|| run(accepting().json::<Event>(), 200, plain)), config = about(16_103))]
#[bench::duplicate(args = (|| run(accepting(), 200, |_| plain(0))), config = about(9_064))]
fn path(send: fn()) {
    send();
}

/// Limits the instructions of `measured` and its callees to 2 % more than `count` per delivery.
fn about(count: u64) -> LibraryBenchmarkConfig {
    let limit = count * DELIVERIES as u64 * 102 / 100;
    let mut callgrind = Callgrind::default();
    callgrind
        .entry_point(EntryPoint::Custom("instructions::measured*".to_owned()))
        .args(["--cache-sim=no"])
        .hard_limits([(EventKind::Ir, limit)]);
    LibraryBenchmarkConfig::default().tool(callgrind).clone()
}

/// Calls `call`. Only the instructions of this function and of its callees count.
#[inline(never)]
fn measured(call: &mut dyn FnMut()) {
    call();
}

/// Sends the deliveries. Their creation does not count.
fn run(layer: WebhookLayer, status: u16, request: impl Fn(usize) -> Request<Frames>) {
    let mut service = layer.clock(ManualClock::at_unix(NOW)).layer(service_fn(handle as fn(_) -> _));
    // The first deliveries initialize statics and let the maps grow.
    (0..100).for_each(|id| answered(&mut service, request(id), status));
    for id in 100..100 + DELIVERIES {
        let mut request = Some(request(id));
        measured(&mut || answered(&mut service, request.take().unwrap(), status));
    }
}

type Layered = WebhookService<tower::util::ServiceFn<fn(Request<Body>) -> Answer>>;
type Answer = Ready<Result<Response<Empty<Bytes>>, Infallible>>;

fn handle(request: Request<Body>) -> Answer {
    drop(black_box(request));
    ready(Ok(Response::new(Empty::new())))
}

fn answered(service: &mut Layered, request: Request<Frames>, status: u16) {
    let answer = pin!(service.call(request)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(response)) = answer else { panic!("response is pending") };
    assert_eq!(response.status(), status);
    black_box(response);
}

fn mac_of(key: &Hmac<Sha256>, content: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    content.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

// The layers.

fn accepting() -> WebhookLayer {
    WebhookLayer::with_verifier(from_fn(|request, _| {
        let id = request.head().headers.get("webhook-id").and_then(|id| id.to_str().ok());
        Ok(Verified::new().with_id(id.unwrap()))
    }))
}

/// Returns `accepting` without deduplication.
fn verifying() -> WebhookLayer {
    accepting().without_dedupe()
}

fn rejecting() -> WebhookLayer {
    WebhookLayer::with_verifier(from_fn(|_, _| Err(VerifyError::wrong("signature mismatch"))))
}

fn standard() -> WebhookLayer {
    WebhookLayer::new(BASE64.encode(KEY.as_bytes()).parse::<Secret>().unwrap())
}

fn github() -> WebhookLayer {
    WebhookLayer::with_verifier(provider::github(KEY.parse::<Secret>().unwrap()))
}

fn stripe() -> WebhookLayer {
    WebhookLayer::with_verifier(provider::stripe(KEY.parse::<Secret>().unwrap()))
}

// The requests.

fn rejected(layer: WebhookLayer, change: fn(&mut request::Parts)) {
    run(layer, 401, |id| {
        let (mut head, mut body) = plain(id).into_parts();
        change(&mut head);
        // Send no body, because the layer would need a task to drain it.
        body.left = 0;
        Request::from_parts(head, body)
    });
}

fn malformed_standard(head: &mut request::Parts) {
    standard_headers(head, NOW, "v1,not base64");
}

fn stale_standard(head: &mut request::Parts) {
    standard_headers(head, NOW - 3_600, &format!("v1,{}", BASE64.encode(&[7; 32])));
}

fn standard_headers(head: &mut request::Parts, timestamp: u32, signature: &str) {
    head.headers.insert("webhook-timestamp", as_read(timestamp));
    head.headers.insert("webhook-signature", as_read(signature));
}

fn stale_stripe(head: &mut request::Parts) {
    let value = format!("t={},v1={}", NOW - 3_600, "07".repeat(32));
    head.headers.insert("stripe-signature", as_read(value));
}

fn signed_by_github(id: usize) -> Request<Frames> {
    let key = Hmac::new_from_slice(KEY.as_bytes()).unwrap();
    let (mut head, body) = plain(id).into_parts();
    let signature = format!("sha256={}", HEXLOWER.encode(&mac_of(&key, &[EVENT.as_bytes()])));
    // The map of headers must not grow: the drop of a larger map would be counted.
    head.headers.remove("webhook-id");
    head.headers.insert("x-hub-signature-256", as_read(signature));
    head.headers.insert("x-github-event", as_read("push"));
    head.headers.insert("x-github-delivery", as_read(format!("72d3162e-cc78-11e3-81ab-4c9367{id:06}")));
    Request::from_parts(head, body)
}

fn signed_by_standard(id: usize) -> Request<Frames> {
    let key = Hmac::new_from_slice(KEY.as_bytes()).unwrap();
    let (mut head, body) = plain(id).into_parts();
    let mac = mac_of(&key, &[standard_prefix(id).as_bytes(), EVENT.as_bytes()]);
    standard_headers(&mut head, NOW, &format!("v1,{}", BASE64.encode(&mac)));
    Request::from_parts(head, body)
}

fn standard_prefix(id: usize) -> String {
    format!("{}.{NOW}.", delivery_id(id))
}

fn delivery_id(id: usize) -> String {
    format!("msg_2KWPBgLlAfxdpx2AI54p{id:07}")
}

fn plain(id: usize) -> Request<Frames> {
    signed(id, 1)
}

fn signed(id: usize, frames: usize) -> Request<Frames> {
    let body = Bytes::from_static(EVENT.as_bytes());
    Request::post("https://example.com/webhook")
        .header("content-type", as_read("application/json"))
        .header("content-length", as_read(body.len() * frames))
        .header("user-agent", as_read("a provider/1.0"))
        .header("webhook-id", as_read(delivery_id(id)))
        .body(Frames { frame: body, left: frames })
        .unwrap()
}

/// Returns a header value in a shared buffer, like the values that a server reads.
fn as_read(value: impl ToString) -> HeaderValue {
    let buffer = Bytes::from(value.to_string());
    HeaderValue::from_maybe_shared(buffer.clone()).unwrap()
}

/// A body that repeats one frame. Like a server's body, it knows its length.
struct Frames {
    frame: Bytes,
    left: usize,
}

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.left = left;
        Poll::Ready(Some(Ok(Frame::data(self.frame.clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.frame.len() * self.left) as u64)
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsing them is what is counted")]
struct Event {
    r#type: String,
    account: u64,
    labels: Vec<String>,
}

const EVENT: &str = r#"{"type":"message.received","account":184467,"labels":["order","vip"]}"#;
