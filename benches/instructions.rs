//! The hot paths, whose instructions `sh benches/instructions.sh` counts and compares with
//! `benches/instructions.tsv`. Unlike timings, instruction counts are reliable on a busy machine.
//!
//! ```text
//! cargo bench --bench instructions                         # runs each path once
//! cargo bench --bench instructions -- CASE DELIVERIES      # the command for valgrind
//! ```
//!
//! Most cases compute no hash: valgrind does not support SHA instructions, and a hash without them would hide
//! everything else. The verifier of these cases accepts or rejects every signature. The cases whose requests are
//! rejected from their headers use real schemes, and so do `github` and `standard`. From the counts of these two,
//! the script subtracts the counts of `hash-github` and `hash-standard`, which only compute the MAC. The layer has
//! a `ManualClock`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    convert::Infallible,
    env,
    future::{Ready, ready},
    hint::black_box,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
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

fn main() {
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    let (case, deliveries) = (arguments.next(), arguments.next());
    let deliveries = deliveries.map_or(1, |count| count.parse().unwrap());
    for (name, run) in CASES {
        match &case {
            Some(case) if case != name => {}
            Some(_) => return run(deliveries),
            None => {
                println!("{name}");
                run(deliveries);
            }
        }
    }
    assert!(case.is_none(), "case is unknown");
}

/// The name of a hot path, and a function that sends a number of deliveries along it.
type Case = (&'static str, fn(usize));

const CASES: [Case; 17] = [
    ("passed-through", |count| run(count, accepting().only_if(|_| false), 200, |id| signed(id, 1))),
    ("rejected-missing-standard", |count| rejected(count, standard(), |_| {})),
    ("rejected-missing-github", |count| rejected(count, github(), |_| {})),
    ("rejected-malformed-standard", |count| {
        rejected(count, standard(), |head| standard_headers(head, NOW, "v1,not base64"));
    }),
    ("rejected-stale-standard", |count| rejected(count, standard(), stale_standard)),
    ("rejected-stale-stripe", |count| rejected(count, stripe(), stale_stripe)),
    ("rejected-after-the-body", |count| run(count, rejecting(), 401, |id| signed(id, 1))),
    ("verified", |count| run(count, accepting().without_dedupe(), 200, |id| signed(id, 1))),
    ("verified-64-frames", |count| run(count, accepting().without_dedupe(), 200, |id| signed(id, 64))),
    ("github", |count| run(count, github().without_dedupe(), 200, signed_by_github)),
    ("hash-github", |count| hash(count, &[EVENT.as_bytes()])),
    ("standard", |count| run(count, standard().without_dedupe(), 200, signed_by_standard)),
    ("hash-standard", |count| hash(count, &[standard_prefix(0).as_bytes(), EVENT.as_bytes()])),
    ("typed", |count| run(count, accepting().without_dedupe().json::<Event>(), 200, |id| signed(id, 1))),
    ("fresh", |count| run(count, accepting(), 200, |id| signed(id, 1))),
    ("fresh-typed", |count| run(count, accepting().json::<Event>(), 200, |id| signed(id, 1))),
    ("duplicate", |count| run(count, accepting(), 200, |_| signed(0, 1))),
];

/// Calls `call`. The script finds this function by its name, and counts the instructions of the function
/// and of its callees.
#[inline(never)]
fn measured(call: &mut dyn FnMut()) {
    call();
}

/// Sends `count` deliveries. Their creation is not measured.
fn run(count: usize, layer: WebhookLayer, status: u16, request: impl Fn(usize) -> Request<Frames>) {
    let mut service = layer.clock(ManualClock::at_unix(NOW)).layer(service_fn(handle as fn(_) -> _));
    // The first deliveries initialize statics and let the maps grow.
    (0..100).for_each(|id| answered(&mut service, request(id), status));
    for id in 100..100 + count {
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

/// Computes the MAC of a delivery `count` times, from a key that is prepared.
fn hash(count: usize, content: &[&[u8]]) {
    let key = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    for _ in 0..count {
        measured(&mut || {
            black_box(mac_of(&key, content));
        });
    }
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

fn rejected(count: usize, layer: WebhookLayer, change: fn(&mut request::Parts)) {
    run(count, layer, 401, |id| {
        let (mut head, mut body) = signed(id, 1).into_parts();
        change(&mut head);
        // Send no body, because the layer would need a task to drain it.
        body.left = 0;
        Request::from_parts(head, body)
    });
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
    let (mut head, body) = signed(id, 1).into_parts();
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
    let (mut head, body) = signed(id, 1).into_parts();
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
