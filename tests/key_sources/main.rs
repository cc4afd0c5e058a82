//! Providers whose keys are fetched: the URLs, the frequency of fetches, and deliveries during a failed fetch.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod adobe_io;
mod aws_sns;
mod bearer_tokens;
mod by_key_id;
mod cache;
#[allow(unreachable_pub, reason = "other test crates share this file")]
#[path = "../common/certificate.rs"]
mod certificate;
mod listed;
mod paypal;

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, Event, ManualClock, Rejection, RejectionKind, Secret, Secrets, WebhookLayer,
    WebhookService, provider,
    store::MokaStore,
    verify::{Fetch, Verifier},
};

use self::certificate::certificate;

/// The time at which the known answers of AWS SNS were signed. Tests of providers that sign no time use it as well.
const IN_2012: u32 = 1_335_920_046;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Lets fetches in the background run as far as they can.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// An HTTP client without a network.
struct Web {
    pages: Mutex<HashMap<String, Result<Bytes, &'static str>>>,
    asked: Mutex<Vec<String>>,
    /// Each fetch waits for a permit, which the test adds.
    gate: Semaphore,
}

impl Web {
    fn new(open: bool) -> Arc<Self> {
        let gate = Semaphore::new(if open { Semaphore::MAX_PERMITS } else { 0 });
        Arc::new(Self { pages: Mutex::default(), asked: Mutex::default(), gate })
    }

    fn with(url: &str, page: impl Into<Bytes>) -> Arc<Self> {
        let web = Self::new(true);
        web.set(url, Ok(page.into()));
        web
    }

    /// Returns a web with the pages of a known answer.
    fn of(vector: &Value) -> Arc<Self> {
        let web = Self::new(true);
        for (url, page) in vector["pages"].as_object().unwrap() {
            web.set(url, Ok(page.as_str().unwrap().to_owned().into()));
        }
        web
    }

    fn set(&self, url: &str, page: Result<Bytes, &'static str>) {
        self.pages.lock().unwrap().insert(url.to_owned(), page);
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Fetch for Web {
    async fn fetch(&self, url: &str, _: usize) -> Result<Bytes, BoxError> {
        self.asked.lock().unwrap().push(url.to_owned());
        self.gate.acquire().await?.forget();
        let page = self.pages.lock().unwrap().get(url).cloned();
        match page.unwrap_or(Err("404")) {
            Ok(page) => Ok(page),
            Err("panic") => panic!("the client has a bug"),
            Err(error) => Err(error.into()),
        }
    }
}

fn certificate_of(vector: &Value) -> Bytes {
    certificate(&BASE64.decode(vector["public_key_der_b64"].as_str().unwrap().as_bytes()).unwrap())
}

type Handler =
    WebhookService<tower::util::BoxCloneSyncService<Request<Body>, Response<Full<Bytes>>, Infallible>>;

/// Returns a service and the number of its handler's calls. The handler answers with the event type and the id, or `-`.
fn service(verifier: impl Verifier, now: u32) -> (Handler, Arc<AtomicUsize>) {
    service_with(WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(now)))
}

fn service_with(layer: WebhookLayer) -> (Handler, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let handler = service_fn(move |request: Request<Body>| {
        counter.fetch_add(1, Ordering::Relaxed);
        let delivery = request.extensions().get::<Delivery>().unwrap();
        let seen = format!("{} {}", delivery.event_type().unwrap_or("-"), delivery.id().unwrap_or("-"));
        async move { Ok::<_, Infallible>(Response::new(Full::from(seen))) }
    });
    (layer.layer(tower::util::BoxCloneSyncService::new(handler)), calls)
}

/// Returns what the handler saw, or the kind of the rejection.
async fn send(service: &Handler, body: impl ToString) -> Result<String, RejectionKind> {
    send_request(service, Request::post("/").body(body.to_string()).unwrap()).await
}

async fn send_request(service: &Handler, request: Request<String>) -> Result<String, RejectionKind> {
    let request = request.map(Full::<Bytes>::from);
    let response = service.clone().oneshot(request).await.unwrap();
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        return Err(rejection.kind());
    }
    assert_eq!(response.status(), StatusCode::OK);
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

const UNAVAILABLE: Result<String, RejectionKind> = Err(RejectionKind::VerifierUnavailable);

fn request_of(vector: &Value) -> Request<String> {
    let headers = vector["headers"].as_object().unwrap();
    let request = headers
        .iter()
        .fold(Request::post("/"), |request, (name, value)| request.header(name, value.as_str().unwrap()));
    request.body(vector["body_utf8"].as_str().unwrap().to_owned()).unwrap()
}

/// Returns the rejection that a known answer expects, if any.
fn expected(vector: &Value) -> Result<(), RejectionKind> {
    Err(match vector["expect"].as_str().unwrap() {
        "valid" => return Ok(()),
        "unavailable" => RejectionKind::VerifierUnavailable,
        "invalid:signature_mismatch"
        | "invalid:signature_mismatch_early"
        | "invalid:unknown_key"
        | "invalid:wrong_recipient"
        | "invalid:claim_mismatch"
        | "invalid:wrong_length" => RejectionKind::WrongSignature,
        "invalid:missing_signature" | "invalid:missing_header" | "invalid:no_recipient" => {
            RejectionKind::MissingSignature
        }
        "invalid:malformed_header" | "invalid:bad_encoding" | "invalid:unsupported_algorithm" => {
            RejectionKind::MalformedSignature
        }
        "invalid:timestamp_too_old" | "invalid:timestamp_too_new" => RejectionKind::StaleTimestamp,
        other => panic!("{other}"),
    })
}

/// Returns `true` if a known answer can only be judged with the key.
fn needs_key(vector: &Value) -> bool {
    let expect = vector["expect"].as_str().unwrap();
    ["valid", "unavailable", "invalid:signature_mismatch", "invalid:unknown_key"].contains(&expect)
}

/// Returns the status and the body of the response to a handshake.
async fn ask(layer: WebhookLayer, method: &str, query: &str) -> (u16, String) {
    let handler = service_fn(async |_: Request<Body>| -> Result<Response<Full<Bytes>>, Infallible> {
        panic!("an unsigned request reached the handler")
    });
    let request = Request::builder().method(method).uri(format!("/webhook?{query}"));
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let response = layer.layer(handler).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Returns a known answer of each provider with keys in pages of their own, a web with its pages, and a service.
fn valid_answers() -> [(Value, Arc<Web>, Handler); 5] {
    let [ebay, circle] = [by_key_id::EBAY, by_key_id::CIRCLE].map(|provider| provider.valid());
    let [github, fireblocks] = [listed::GITHUB, listed::FIREBLOCKS].map(listed::Listed::valid);
    [adobe_io::valid(), ebay, circle, github, fireblocks]
}

#[tokio::test(start_paused = true)]
async fn keys_of_all_providers_are_used_for_72_hours_while_their_refresh_fails() {
    for (vector, web, service) in valid_answers() {
        let request = request_of(&vector);
        assert!(send_request(&service, request.clone()).await.is_ok());
        web.pages.lock().unwrap().values_mut().for_each(|page| *page = Err("the host is down"));
        // A duplicate is answered only if it was verified.
        tokio::time::advance(72 * HOUR - SECOND).await;
        assert!(send_request(&service, request.clone()).await.is_ok());
        tokio::time::advance(SECOND).await;
        assert_eq!(send_request(&service, request).await, UNAVAILABLE);
    }
}

#[tokio::test]
async fn a_repeated_header_is_rejected_without_a_fetch() {
    for (vector, web, service) in valid_answers() {
        for name in vector["headers"].as_object().unwrap().keys().filter(|name| *name != "Content-Type") {
            let mut request = request_of(&vector);
            request.headers_mut().append(name.parse::<HeaderName>().unwrap(), "other".parse().unwrap());
            let judged = send_request(&service, request).await;
            assert_eq!(judged, Err(RejectionKind::MalformedSignature), "{name}");
        }
        assert_eq!(web.asked(), [""; 0]);
    }
}
