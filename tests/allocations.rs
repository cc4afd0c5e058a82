//! Limits on the memory that deliveries and rejected requests allocate. `benches/layer.rs` measures the time.
//!
//! Only allocations of the test's own thread are counted, so tests may run in parallel. When a block grows, the new
//! block counts in addition to the old block, so the counts are an upper bound for any allocator.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    convert::Infallible,
    fmt::Debug,
    future::{Ready, ready},
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full};
use sha2::Sha256;
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, Service, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, ManualClock, Rejection, RejectionKind, ResponseBody, Secret, WebhookLayer,
    provider,
    store::{Claim, Key, MokaStore, Store, Token},
};

const KEY: &[u8] = b"a signing secret of 32 bytes, ok";
const NOW: u32 = 1_762_335_012;
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// The maximum number of allocations of a delivery without deduplication, from the call to the response.
const MOST: u64 = 8;

#[test]
fn a_verified_delivery_costs_few_allocations() {
    let body = Bytes::from(vec![b'x'; KIB]);
    for (layer, request) in [(standard(), standard_request(&body)), (github(), github_request(&body))] {
        let (response, cost) = counted(&layer, request.map(Full::new));
        assert_eq!(response.status(), StatusCode::OK);
        assert!(cost.count_total <= MOST, "{} allocations", cost.count_total);
    }
}

#[test]
fn a_rejected_request_costs_less_than_a_delivery() {
    use RejectionKind as Kind;
    /// The allocations of a rejection from the headers alone: two for the response's header, three for its extension,
    /// and one for the request's future.
    const FROM_THE_HEAD: u64 = 6;
    let body = Bytes::from(vec![b'x'; KIB]);
    let mut cases = Vec::new();
    for (layer, request, signature) in [
        (standard(), standard_request(&body), "webhook-signature"),
        (github(), github_request(&body), "x-hub-signature-256"),
    ] {
        let wrong = match signature {
            "webhook-signature" => format!("v1,{}", BASE64.encode(&[7; 32])),
            _ => format!("sha256={}", HEXLOWER.encode(&[7; 32])),
        };
        for (kind, value) in [
            (Kind::MissingSignature, None),
            (Kind::MalformedSignature, Some("v1,not base64")),
            (Kind::WrongSignature, Some(&*wrong)),
        ] {
            let mut request = request.clone();
            match value {
                Some(value) => drop(request.headers_mut().insert(signature, value.parse().unwrap())),
                None => drop(request.headers_mut().remove(signature)),
            }
            cases.push((kind, layer.clone(), request));
        }
        let mut announced = request.clone();
        announced.headers_mut().insert("content-length", (64 * MIB).into());
        cases.push((Kind::BodyTooLarge, layer, announced));
    }
    let mut stale = standard_request(&body);
    stale.headers_mut().insert("webhook-timestamp", (NOW - 301).into());
    cases.push((Kind::StaleTimestamp, standard(), stale));

    for (kind, layer, request) in cases {
        // Only `WrongSignature` needs a body. The other requests have none: to drain an unread body, the layer would
        // spawn a task, which allocates.
        let has_body = matches!(kind, Kind::WrongSignature);
        let request = request.map(|body| Full::new(if has_body { body } else { Bytes::new() }));
        let most = match kind {
            Kind::MissingSignature | Kind::MalformedSignature => FROM_THE_HEAD,
            // The verifier allocates its signature check before these two rejections.
            Kind::StaleTimestamp | Kind::BodyTooLarge => FROM_THE_HEAD + 1,
            _ => MOST,
        };
        // The first request moves a header name into shared memory, which later requests reuse.
        counted(&layer, request.clone());
        let (response, cost) = counted(&layer, request);
        assert_eq!(rejection(&response), Some(kind));
        assert!(cost.count_total <= most, "{kind}: {} allocations", cost.count_total);
    }
}

/// Each way to read a body in one piece costs what it costs for a `Full` body, which is in memory from the start.
#[test]
fn a_body_that_is_read_in_one_piece_costs_no_more_than_bytes_in_memory() {
    use axum::{Json, body::to_bytes, extract::FromRequest};
    static SENT: &[u8] = br#"{"type":"message.received","account":184467}"#;
    type Ready = Pin<Box<dyn Future<Output = Bytes>>>;
    fn request(body: axum::body::Body) -> Request<axum::body::Body> {
        Request::post("/").header("content-type", "application/json").body(body).unwrap()
    }
    fn ways<B>(body: fn() -> B) -> [(&'static str, Ready); 4]
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError> + Debug> + Send + 'static,
    {
        let in_axum = move || axum::body::Body::new(body());
        [
            ("collect", Box::pin(async move { body().collect().await.unwrap().to_bytes() })),
            ("to_bytes", Box::pin(async move { to_bytes(in_axum(), KIB).await.unwrap() })),
            (
                "axum's Bytes",
                Box::pin(async move { Bytes::from_request(request(in_axum()), &()).await.unwrap() }),
            ),
            (
                "axum's Json",
                Box::pin(async move {
                    let json = Json::<serde_json::Value>::from_request(request(in_axum()), &()).await;
                    assert_eq!(json.unwrap()["account"], 184_467);
                    Bytes::new()
                }),
            ),
        ]
    }
    fn cost(read: Ready) -> u64 {
        let (mut read, mut bytes) = (read, None);
        let cost = measure(|| match read.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(ready) => bytes = Some(ready),
            Poll::Pending => panic!("body is pending"),
        });
        let bytes = bytes.unwrap();
        assert!(bytes.is_empty() || bytes.as_ptr() == SENT.as_ptr(), "body was copied");
        cost.count_total
    }
    let ours = || Body::from(Bytes::from_static(SENT));
    let full = || Full::new(Bytes::from_static(SENT));
    for ((way, ours), (_, full)) in ways(ours).into_iter().zip(ways(full)) {
        assert_eq!(cost(ours), cost(full), "{way}");
    }
    assert_eq!(
        cost(Box::pin(async move { ours().collect().await.unwrap().to_bytes() })),
        1,
        "the list of frames"
    );
    assert_eq!(cost(Box::pin(async move { ours().into_bytes().unwrap() })), 0);
}

#[test]
fn a_body_in_one_byte_frames_takes_at_most_twice_its_length() {
    let request = standard_request(&Bytes::from(vec![b'x'; MIB])).map(|_| Drip::of(MIB));
    let (response, cost) = counted(&standard(), request);
    assert_eq!(response.status(), StatusCode::OK);
    // The lower bound shows that the body is counted.
    assert!(cost.bytes_max >= MIB as u64);
    assert!(cost.bytes_max <= (2 * MIB + 64 * KIB) as u64, "{} bytes", cost.bytes_max);
}

/// The worst cases are lengths just above a power of two, because the buffer has just doubled. The memory is measured
/// between frames, because the allocator may briefly need both the old and the new block while a block grows.
#[test]
fn a_body_of_any_length_is_buffered_in_at_most_twice_its_length() {
    for length in [1, 1000, 64 * KIB + 1, 256 * KIB + 1, 512 * KIB + 1] {
        let body = Bytes::from(vec![b'x'; length]);
        let request = standard_request(&body).map(|_| Drip { paused: Some(false), ..Drip::of(length) });
        let mut service = standard().layer(service_fn(handle));
        let runtime = runtime();
        // A body that is pending gets a deadline, which needs a timer.
        let _entered = runtime.enter();
        let (mut held, mut most, mut answer) = (0, 0, None);
        let mut call = pin!(service.call(request));
        while answer.is_none() {
            let step = measure(|| {
                if let Poll::Ready(ready) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    answer = Some(ready);
                }
            });
            held += step.bytes_current;
            most = most.max(held);
        }
        assert_eq!(answer.unwrap().unwrap().status(), StatusCode::OK);
        assert!(most >= length as i64 / 2, "{most} bytes for {length}: not counted");
        assert!(most <= (2 * length + 64 * KIB) as i64, "{most} bytes for {length}");
    }
}

#[test]
fn an_announced_content_length_allocates_nothing() {
    let mut request = standard_request(&Bytes::new());
    request.headers_mut().insert("content-length", HeaderValue::from_static("68719476736"));
    let (response, cost) = counted(&standard(), request.map(Full::new));
    assert_eq!(rejection(&response), Some(RejectionKind::BodyTooLarge));
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(cost.bytes_max < 64 * KIB as u64, "{} bytes", cost.bytes_max);

    // A `content-length` within the limit is not trusted either: only received bytes are buffered.
    let mut request = standard_request(&Bytes::new());
    request.headers_mut().insert("content-length", MIB.into());
    let (response, cost) = counted(&standard(), request.map(Full::new));
    assert_eq!(response.status(), StatusCode::OK);
    assert!(cost.bytes_max < 64 * KIB as u64, "{} bytes", cost.bytes_max);
}

#[test]
fn a_size_hint_allocates_nothing() {
    let overstated = Drip { hint: SizeHint::with_exact(MIB as u64), ..Drip::of(1) };
    let request = standard_request(&Bytes::from_static(b"x")).map(|_| overstated);
    let (response, cost) = counted(&standard(), request);
    assert_eq!(response.status(), StatusCode::OK);
    assert!(cost.bytes_max < 64 * KIB as u64, "{} bytes", cost.bytes_max);
}

#[test]
fn too_many_candidates_are_rejected_before_the_body_is_polled() {
    let body = Bytes::from(vec![b'x'; KIB]);
    let wrong = format!("v1,{}", BASE64.encode(&[7; 32]));
    for count in [33, 5_900] {
        let mut request = standard_request(&body);
        let right = request.headers()["webhook-signature"].to_str().unwrap().to_owned();
        // A request with more than 32 candidates is rejected, although the first candidate is valid.
        let many = format!("{right} {}", vec![&*wrong; count - 1].join(" "));
        request.headers_mut().insert("webhook-signature", many.parse().unwrap());
        let (response, cost) = counted(&standard(), request.map(|_| Untouchable));
        assert_eq!(rejection(&response), Some(RejectionKind::MalformedSignature), "{count}");
        // The request is rejected without collecting its candidates.
        assert!(cost.bytes_max < 16 * KIB as u64, "{count}: {} bytes", cost.bytes_max);
    }

    let mut request = github_request(&body);
    let many = vec![format!("sha256={}", HEXLOWER.encode(&[7; 32])); 900].join(",");
    request.headers_mut().insert("x-hub-signature-256", many.parse().unwrap());
    let (response, _) = counted(&github(), request.map(|_| Untouchable));
    assert_eq!(rejection(&response), Some(RejectionKind::MalformedSignature));
}

#[test]
fn abandoned_claims_are_removed_from_memory() {
    const LEASE: Duration = Duration::from_secs(30);
    let clock = ManualClock::at_unix(NOW);
    let store = MokaStore::new(10).clock(clock.clone());
    let cost = measure(|| {
        for n in 0..50_000 {
            let (key, token) = (Key::new("test", &n.to_string()), Token::mint());
            let claim = pin!(store.claim(&key, &token, LEASE)).poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(claim, Poll::Ready(Ok(Claim::Acquired { .. }))));
            clock.advance(LEASE / 1000);
        }
    });
    // At most 1,000 claims are live at a time. All 50,000 would take about 4 MiB.
    assert!(cost.bytes_current <= MIB as i64, "{} bytes", cost.bytes_current);
}

#[test]
fn the_event_type_is_found_without_building_a_tree() {
    let item = r#"{"id":17,"tags":["a","b"],"nested":{"deep":[null,true,1.5e3,"text"]}},"#;
    let json = format!(r#"{{"data":[{}0],"type":"order.paid"}}"#, item.repeat((MIB - 64) / item.len()));
    let body = Bytes::from(json);
    assert!(body.len() > MIB - KIB);
    let deliveries = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let deliveries = Arc::clone(&deliveries);
        service_fn(move |request: Request<Body>| {
            deliveries.lock().unwrap().push(request.extensions().get::<Delivery>().unwrap().clone());
            ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
        })
    };
    let call = standard().layer(handler).call(standard_request(&body).map(Full::new));
    assert_eq!(runtime().block_on(call).unwrap().status(), StatusCode::OK);

    let delivery = deliveries.lock().unwrap().pop().unwrap();
    let first = measure(|| assert_eq!(delivery.event_type(), Some("order.paid")));
    assert!((1..=2).contains(&first.count_total), "{} allocations", first.count_total);
    assert!(first.bytes_max < KIB as u64, "{} bytes", first.bytes_max);
    let again = measure(|| assert_eq!(delivery.event_type(), Some("order.paid")));
    assert_eq!(again.count_total, 0);
    let id = measure(|| assert_eq!(delivery.id(), Some("msg_1")));
    assert_eq!(id.count_total, 0);
}

// Layers and requests.

fn standard() -> WebhookLayer {
    let secret: Secret = BASE64.encode(KEY).parse().unwrap();
    configured(WebhookLayer::new(secret))
}

fn github() -> WebhookLayer {
    let secret: Secret = std::str::from_utf8(KEY).unwrap().parse().unwrap();
    configured(WebhookLayer::with_verifier(provider::github(secret)))
}

fn configured(layer: WebhookLayer) -> WebhookLayer {
    layer
        .without_dedupe()
        .body_timeout(Duration::from_secs(600))
        .body_limit(MIB)
        .clock(ManualClock::at_unix(NOW))
}

fn standard_request(body: &Bytes) -> Request<Bytes> {
    let signed = format!("msg_1.{NOW}.");
    let tag = mac().chain_update(signed).chain_update(body).finalize().into_bytes();
    Request::post("/webhook")
        .header("webhook-id", as_read("msg_1"))
        .header("webhook-timestamp", as_read(NOW))
        .header("webhook-signature", as_read(format!("v1,{}", BASE64.encode(&tag))))
        .body(body.clone())
        .unwrap()
}

fn github_request(body: &Bytes) -> Request<Bytes> {
    let tag = mac().chain_update(body).finalize().into_bytes();
    Request::post("/webhook")
        .header("x-github-delivery", as_read("72d3162e-cc78-11e3-81ab-4c9367dc0958"))
        .header("x-github-event", as_read("push"))
        .header("x-hub-signature-256", as_read(format!("sha256={}", HEXLOWER.encode(&tag))))
        .body(body.clone())
        .unwrap()
}

/// Returns a header value as a server parses it: a slice of a buffer that is already shared.
fn as_read(value: impl ToString) -> HeaderValue {
    let buffer = Bytes::from(value.to_string());
    HeaderValue::from_maybe_shared(buffer.clone()).unwrap()
}

fn mac() -> Hmac<Sha256> {
    Hmac::new_from_slice(KEY).unwrap()
}

fn handle(_: Request<Body>) -> Ready<Result<Response<Empty<Bytes>>, Infallible>> {
    ready(Ok(Response::new(Empty::new())))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Returns the response and the allocations from the call to the response.
fn counted<B>(
    layer: &WebhookLayer,
    request: Request<B>,
) -> (Response<ResponseBody<Empty<Bytes>>>, AllocationInfo)
where
    B: HttpBody<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let (runtime, mut service) = (runtime(), layer.layer(service_fn(handle)));
    let (mut request, mut response) = (Some(request), None);
    let _entered = runtime.enter();
    let cost = measure(|| {
        let call = pin!(service.call(request.take().unwrap()));
        if let Poll::Ready(answer) = call.poll(&mut Context::from_waker(Waker::noop())) {
            response = Some(answer.unwrap());
        }
    });
    (response.expect("the call is ready at the first poll"), cost)
}

fn rejection<B>(response: &Response<B>) -> Option<RejectionKind> {
    response.extensions().get::<Rejection>().map(Rejection::kind)
}

/// A body of one-byte frames, which allocate nothing.
struct Drip {
    left: usize,
    /// `None` if the body never pauses between frames; otherwise `true` if it has just paused.
    paused: Option<bool>,
    hint: SizeHint,
}

impl Drip {
    fn of(length: usize) -> Self {
        Self { left: length, paused: None, hint: SizeHint::default() }
    }
}

impl HttpBody for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(paused) = &mut self.paused {
            *paused = !*paused;
            if *paused {
                return Poll::Pending;
            }
        }
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.left = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// A body that must be neither polled nor drained.
struct Untouchable;

impl HttpBody for Untouchable {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("a request that can be rejected from its headers must not poll its body")
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}
