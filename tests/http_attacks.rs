//! Attacks over HTTP/1 on a real server: wrong lengths, endless bodies, thousands of signatures, overflowing numbers.
//! `tests/load/` repeats attacks thousands of times, and `tests/semantics/receiving.rs` tests bodies in process.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[macro_use]
mod common;
#[allow(dead_code, unreachable_pub, reason = "the load test uses the rest")]
#[path = "load/wire.rs"]
mod wire;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, extract::DefaultBodyLimit, routing::any};
use bytes::Bytes;
use common::{
    Client, NOW, Outcomes, SECRET, Sent, Version, github, outcomes, post, secret, signed, signed_at, soon,
};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use tokio::net::TcpListener;
use tower_webhook::{
    Delivery, ManualClock, OutcomeKind, RejectionKind as Kind, Secret, WebhookLayer, provider,
};

use crate::wire::{Wire, head};

const GITHUB_SECRET: &str = "It's a Secret to Everybody";
const CHUNKED: &str = "transfer-encoding: chunked\r\n";

/// A server with the layer in front of a handler that counts its calls and responds with the body's length.
struct Server {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    outcomes: Outcomes,
    client: Client,
}

impl Server {
    async fn start(layer: WebhookLayer) -> Self {
        let (tell, outcomes) = outcomes();
        let layer = layer.clock(ManualClock::at_unix(NOW)).on_outcome(tell);
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        let handler = async move |delivery: Delivery, body: Bytes| {
            count.fetch_add(1, Ordering::SeqCst);
            assert_eq!(delivery.payload(), &body);
            body.len().to_string()
        };
        let app =
            Router::new().route("/orders", any(handler).layer(layer)).layer(DefaultBodyLimit::disable());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, calls, outcomes, client: Client::new(address, Version::Http1) }
    }

    async fn standard() -> Self {
        Self::start(WebhookLayer::new(secret())).await
    }

    async fn github() -> Self {
        let secret: Secret = GITHUB_SECRET.parse().unwrap();
        Self::start(WebhookLayer::with_verifier(provider::github(secret))).await
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Sends `request` and asserts that it is rejected as `kind`.
    async fn rejects(&mut self, request: Sent, kind: Kind) -> Response<Bytes> {
        let before = self.calls();
        let response = self.client.send(request).await;
        assert_eq!(response.status(), kind.status());
        assert_eq!(self.next_rejection().await, kind);
        assert_eq!(self.calls(), before);
        response
    }

    async fn next_rejection(&mut self) -> Kind {
        let outcome = self.outcomes.next().await;
        assert_eq!(outcome.kind(), OutcomeKind::Rejected, "{outcome:?}");
        outcome.rejection().unwrap().kind()
    }

    async fn accepts(&mut self, request: Sent) {
        let before = self.calls();
        let response = self.client.send(request).await;
        assert_eq!(response.status(), StatusCode::OK, "{response:?}");
        assert_eq!(self.calls(), before + 1);
        assert_eq!(self.outcomes.next().await.kind(), OutcomeKind::Accepted);
    }

    /// Sends the head of `request` over a new connection, with the header lines `more`.
    async fn begin(&self, request: &Sent, more: &str) -> Wire {
        let mut wire = Wire::connect(self.address).await;
        wire.send(head(request.headers(), more)).await.unwrap();
        wire
    }
}

/// Returns `request` with another value of a header.
fn with_header(mut request: Sent, name: &'static str, value: impl AsRef<[u8]>) -> Sent {
    request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
    request
}

/// Reads the status and the body of one response.
async fn read_answer(wire: &mut Wire) -> (u16, String) {
    let answer = soon(wire.answer()).await.expect("the connection ended without a response");
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_content_length_of_64_gib_is_rejected() {
    let mut server = Server::standard().await;
    let mut wire = server.begin(&signed("msg_1", "{}"), "content-length: 68719476736\r\n").await;
    assert_eq!(read_answer(&mut wire).await.0, 413);
    assert_eq!(server.next_rejection().await, Kind::BodyTooLarge);
    server.accepts(signed("msg_2", "{}")).await;
}

#[tokio::test]
async fn a_chunked_body_is_read_to_its_last_chunk() {
    let mut server = Server::standard().await;
    let mut wire = server.begin(&signed("msg_1", "{\"a\":1}"), CHUNKED).await;
    for part in ["1\r\n{\r\n", "4\r\n\"a\":\r\n", "2\r\n1}\r\n", "0\r\n", "\r\n"] {
        wire.send(part.as_bytes()).await.unwrap();
    }
    assert_eq!(read_answer(&mut wire).await, (200, "7".to_owned()));
    assert_eq!(server.outcomes.next().await.kind(), OutcomeKind::Accepted);
}

#[tokio::test]
async fn a_truncated_chunked_body_does_not_reach_the_handler() {
    let mut server = Server::standard().await;
    // The first chunk is the whole signed body, but an invalid chunk follows.
    let mut wire = server.begin(&signed("msg_1", "{}"), CHUNKED).await;
    wire.send(b"2\r\n{}\r\nnonsense\r\n").await.unwrap();
    assert_eq!(server.next_rejection().await, Kind::BodyInterrupted);
    // The same body, but the client disconnects before the last chunk.
    let mut wire = server.begin(&signed("msg_1", "{}"), CHUNKED).await;
    wire.send(b"2\r\n{}\r\n").await.unwrap();
    drop(wire);
    let outcome = server.outcomes.next().await;
    assert!(matches!(outcome.kind(), OutcomeKind::Aborted | OutcomeKind::Rejected), "{outcome:?}");
    assert_eq!(server.calls(), 0);
    server.accepts(signed("msg_1", "{}")).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413_and_is_never_truncated() {
    let mut server = Server::standard().await;
    // The signature is that of the body truncated at the limit.
    let limit = 1024 * 1024;
    let cut = "x".repeat(limit);
    let mut wire = server.begin(&signed("msg_1", cut.clone()), CHUNKED).await;
    wire.send(format!("{limit:x}\r\n{cut}\r\n1\r\nx\r\n0\r\n\r\n")).await.unwrap();
    assert_eq!(read_answer(&mut wire).await, (413, "body too large".to_owned()));
    assert_eq!(server.next_rejection().await, Kind::BodyTooLarge);

    // A body of 256 MiB is rejected long before its end.
    let mut wire = server.begin(&signed("msg_1", cut.clone()), CHUNKED).await;
    let chunk = format!("{limit:x}\r\n{cut}\r\n");
    let mut written = 0;
    while written < 256 && wire.send(chunk.as_bytes()).await.is_ok() {
        written += 1;
    }
    assert_eq!(server.next_rejection().await, Kind::BodyTooLarge);
    assert!(written < 256, "the whole body was read");
    server.accepts(signed("msg_1", cut)).await;
}

#[tokio::test]
async fn thousands_of_candidates_are_rejected_before_anything_is_hashed() {
    let mut server = Server::standard().await;
    let with_candidates = |count: usize| {
        let request = signed("msg_1", "x".repeat(1024 * 1024));
        let genuine = request.headers()["webhook-signature"].to_str().unwrap();
        let list = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ".repeat(count) + genuine;
        with_header(request, "webhook-signature", list)
    };
    server.rejects(with_candidates(5_900), Kind::MalformedSignature).await;
    server.rejects(with_candidates(32), Kind::MalformedSignature).await;
    server.accepts(with_candidates(31)).await;
}

#[tokio::test]
async fn a_timestamp_is_digits_within_the_tolerance() {
    let mut server = Server::standard().await;
    let with_timestamp = |text: &str| {
        // The signature covers the timestamp as sent, so that only the timestamp's value can be wrong.
        let body = "{}";
        let key = data_encoding::BASE64.decode(&SECRET.as_bytes()[6..]).unwrap();
        let mut mac = <hmac::Hmac<sha2::Sha256> as hmac::KeyInit>::new_from_slice(&key).unwrap();
        hmac::Mac::update(&mut mac, format!("msg_1.{text}.{body}").as_bytes());
        let tag = data_encoding::BASE64.encode(&hmac::Mac::finalize(mac).into_bytes());
        let request = with_header(signed("msg_1", body), "webhook-timestamp", text);
        with_header(request, "webhook-signature", format!("v1,{tag}"))
    };
    let now = NOW.to_string();
    for malformed in [
        "-9223372036854775808",
        "-1",
        &format!("+{now}"),
        &format!("{now}.0"),
        &format!("{now}e0"),
        "0x6553f100",
        "18446744073709551616",
        "99999999999999999999999999",
        "",
        "now",
        "Infinity",
        "\u{661}\u{667}",
    ] {
        server.rejects(with_timestamp(malformed), Kind::MalformedSignature).await;
    }
    for (stale, kind) in [
        ("0", Kind::StaleTimestamp),
        (&*(NOW + 365 * 86_400).to_string(), Kind::StaleTimestamp),
        (&*(NOW - 301).to_string(), Kind::StaleTimestamp),
        ("9223372036854775807", Kind::StaleTimestamp),
        ("18446744073709551615", Kind::MalformedSignature),
    ] {
        server.rejects(with_timestamp(stale), kind).await;
    }
    let mut missing = signed("msg_1", "{}");
    missing.headers_mut().remove("webhook-timestamp");
    server.rejects(missing, Kind::MissingSignature).await;
    // The timestamp is signed as sent: leading zeros change the text but not the time.
    server.accepts(with_timestamp(&format!("000{now}"))).await;
}

#[tokio::test]
async fn only_the_schemes_prefix_is_accepted() {
    let mut server = Server::github().await;
    let genuine = github(GITHUB_SECRET, "id-1", "push", "{}");
    let hex = genuine.headers()["x-hub-signature-256"].to_str().unwrap().replace("sha256=", "");
    let with_signature = |text: &str| with_header(genuine.clone(), "x-hub-signature-256", text);
    for prefix in ["sha1=", "x=", "SHA256=", "sha256:", "", "sha512=", " sha256 = ", "sha256=sha256="] {
        server.rejects(with_signature(&format!("{prefix}{hex}")), Kind::MalformedSignature).await;
    }
    // The older header is ignored, even with a valid signature.
    let mut older = genuine.clone();
    let signature = older.headers_mut().remove("x-hub-signature-256").unwrap();
    older.headers_mut().insert("x-hub-signature", signature);
    server.rejects(older, Kind::MissingSignature).await;
    server.rejects(with_signature(&format!("sha256={}", &hex[..62])), Kind::WrongSignature).await;
    server.rejects(with_signature(&format!("sha256={hex}00")), Kind::WrongSignature).await;
    server.accepts(with_signature(&format!("sha256={}", hex.to_uppercase()))).await;
}

#[tokio::test]
async fn a_malformed_candidate_does_not_hide_a_valid_one_and_sets_of_headers_do_not_mix() {
    let mut server = Server::standard().await;
    let genuine = signed("msg_1", "{}");
    for (id, before, after) in
        [("list_1", "v1,not-base64-$$$ ", ""), ("list_2", "v1, ", ""), ("list_3", ",v1=x v1 ", " v2,")]
    {
        let request = signed(id, "{}");
        let signature = request.headers()["webhook-signature"].to_str().unwrap();
        let list = format!("{before}{signature}{after}");
        server.accepts(with_header(request, "webhook-signature", list)).await;
    }
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut mixed = genuine.clone();
        let value = mixed.headers_mut().remove(name).unwrap();
        mixed
            .headers_mut()
            .insert(http::HeaderName::try_from(name.replace("webhook", "svix")).unwrap(), value);
        server.rejects(mixed, Kind::MissingSignature).await;
    }
    // With two values, the handler might read the one that is not signed.
    for name in ["webhook-id", "webhook-timestamp"] {
        let mut twice = genuine.clone();
        twice.headers_mut().append(name, HeaderValue::from_static("1"));
        server.rejects(twice, Kind::MalformedSignature).await;
    }
    // Several signatures may be spread over several header lines.
    let mut lines = signed("lines", "{}");
    lines.headers_mut().append("webhook-signature", HeaderValue::from_static("v1,AAAA"));
    server.accepts(lines).await;
}

#[tokio::test]
async fn non_ascii_bytes_do_not_panic() {
    let mut server = Server::github().await;
    let bytes: Vec<u8> = (0..=255).collect();
    server.accepts(github(GITHUB_SECRET, "id-1", "push", bytes)).await;
    let genuine = github(GITHUB_SECRET, "id-2", "push", "{}");
    for text in [
        "\u{26a0}\u{fe0f}",
        "\u{e9}",
        &"\u{e9}".repeat(32),
        &format!("+f{}", "0".repeat(62)),
        &"+f".repeat(32),
        "0",
        &"0".repeat(63),
        &"0".repeat(100_000),
    ] {
        let request = with_header(genuine.clone(), "x-hub-signature-256", format!("sha256={text}"));
        server.rejects(request, Kind::MalformedSignature).await;
    }
    // An id and an event type that are not UTF-8.
    let request = with_header(genuine, "x-github-delivery", b"\xff\xfe");
    let response = server.client.send(with_header(request, "x-github-event", b"\xff")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let delivery = server.outcomes.next().await.delivery().unwrap().clone();
    assert_eq!((delivery.id(), delivery.event_type(), delivery.dedupe_key()), (None, None, None));
}

#[tokio::test]
async fn a_token_of_only_padding_is_a_wrong_signature() {
    let secret: Secret = "token".parse().unwrap();
    let mut server = Server::start(WebhookLayer::with_verifier(provider::notifyer(secret))).await;
    for text in ["=", "sha256=", &"=".repeat(300_000), &"A".repeat(300_000)] {
        server.rejects(with_header(post("{}"), "x-webhook-signature", text), Kind::WrongSignature).await;
    }
}

#[tokio::test]
async fn a_request_that_resembles_a_handshake_or_probe_still_needs_a_signature() {
    let mut server = Server::github().await;
    let ping = with_header(post(r#"{"zen":"Design for failure."}"#), "x-github-event", "ping");
    server.rejects(ping, Kind::MissingSignature).await;
    for body in ["ssl_check=1&token=x", r#"{"type":"url_verification","challenge":"x"}"#, r#"{"type":1}"#] {
        server.rejects(post(body), Kind::MissingSignature).await;
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO"] {
        let mut request = Request::new(Full::<Bytes>::default());
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = "/orders?hub.mode=subscribe&hub.challenge=1&validationToken=x".parse().unwrap();
        server.rejects(request, Kind::MissingSignature).await;
    }
}

#[tokio::test]
async fn a_rejection_reaches_a_client_that_is_still_writing() {
    let mut server = Server::standard().await;
    let body = "x".repeat(512 * 1024);
    let refused = signed_at(NOW - 999, "msg_1", body.clone());
    let mut wire = server.begin(&refused, &format!("content-length: {}\r\n", body.len())).await;
    let (begin, rest) = body.split_at(1024);
    wire.send(begin.as_bytes()).await.unwrap();
    // The layer has rejected the request. An HTTP/1 client does not know yet and keeps writing.
    assert_eq!(server.next_rejection().await, Kind::StaleTimestamp);
    for part in rest.as_bytes().chunks(1000) {
        wire.send(part).await.expect("the server closed the connection while the client was writing");
    }
    assert_eq!(read_answer(&mut wire).await, (401, "stale timestamp".to_owned()));
    // The connection can still be used.
    let head = head(signed("msg_2", "{}").headers(), "content-length: 2\r\n");
    wire.send(format!("{head}{{}}")).await.unwrap();
    assert_eq!(read_answer(&mut wire).await, (200, "2".to_owned()));
}

#[tokio::test]
async fn a_request_that_expects_100_continue_is_rejected_without_it() {
    let server = Server::standard().await;
    let expecting = "content-length: 2\r\nexpect: 100-continue\r\n";
    let mut wire = server.begin(&post("{}"), expecting).await;
    assert_eq!(read_answer(&mut wire).await.0, 401);

    let mut wire = server.begin(&signed("msg_1", "{}"), expecting).await;
    assert_eq!(read_answer(&mut wire).await.0, 100);
    wire.send(b"{}").await.unwrap();
    assert_eq!(read_answer(&mut wire).await.0, 200);
}
