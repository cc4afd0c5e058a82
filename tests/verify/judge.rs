//! The parts that the tests of signatures over requests share: known answers in JSON, and their outcomes.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use serde_json::Value;
use tower_webhook::{
    RejectionKind, Secret,
    verify::{self, Location, Profile, RequestContext, Verified, Verifier, VerifyError},
};

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(super) fn now(vector: &Value) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(vector["now_unix"].as_u64().unwrap())
}

/// Returns the vector's request as HTTP/1.1: the path in the request line, and the host in a header.
pub(super) fn request(vector: &Value) -> Request<Bytes> {
    let (_, url) = text(&vector["url"]).split_once("://").unwrap();
    let target = url.find('/').map_or("/", |at| &url[at..]);
    let mut request = Request::builder().method(text(&vector["method"])).uri(target);
    for (name, value) in vector["headers"].as_object().unwrap() {
        request = request.header(name, text(value));
    }
    request.body(body(vector)).unwrap()
}

pub(super) fn body(vector: &Value) -> Bytes {
    Bytes::copy_from_slice(text(&vector["body_utf8"]).as_bytes())
}

/// Adds the vector's key id, if it has one.
pub(super) fn named(key: Secret, vector: &Value) -> Secret {
    match vector["key_id"].as_str() {
        Some(key_id) => key.with_key_id(key_id),
        None => key,
    }
}

/// Returns a profile with locations of the id and the event type.
pub(super) fn profile(id: &str, event_type: &str) -> Profile {
    let place = |text: &str| text.parse::<Location>().unwrap();
    Profile::new("acme").with_id(place(id)).with_event_type(place(event_type))
}

/// Returns whether the profile says that the body, the id and the event type are signed.
pub(super) fn signed(verifier: &impl Verifier) -> (bool, bool, bool) {
    let profile = verifier.profile();
    (profile.body_signed(), profile.id_signed(), profile.event_type_signed())
}

pub(super) async fn judge(
    verifier: &impl Verifier,
    request: Request<Bytes>,
    now: SystemTime,
) -> Result<Verified, VerifyError> {
    let (head, body) = request.into_parts();
    verify::verify_request(verifier, &head, &body, now).await
}

/// Asserts that each vector has its expected outcome, and returns the number of valid ones that are published.
pub(super) async fn assert_outcomes<V: Verifier>(
    vectors: Vec<Value>,
    verifier: impl Fn(&Value) -> V,
    request: impl Fn(&Value) -> Request<Bytes>,
) -> usize {
    let (mut published, mut wrong) = (0, Vec::new());
    for vector in vectors {
        let judged = judge(&verifier(&vector), request(&vector), now(&vector)).await;
        let expected = match text(&vector["expect"]) {
            "valid" => Ok(()),
            "wrong" => Err(RejectionKind::WrongSignature),
            "missing" => Err(RejectionKind::MissingSignature),
            "malformed" => Err(RejectionKind::MalformedSignature),
            "stale" => Err(RejectionKind::StaleTimestamp),
            other => panic!("{other}"),
        };
        published += usize::from(judged.is_ok() && vector["kind"] == "published");
        let outcome = judged.as_ref().map(|_| ()).map_err(VerifyError::kind);
        if outcome != expected {
            wrong.push(format!("{}: expected {expected:?}, found {judged:?}", vector["id"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    published
}

/// Judges a request at the vector's time.
pub(super) async fn verdict(
    verifier: &impl Verifier,
    request: Request<Bytes>,
    vector: &Value,
) -> Result<(), RejectionKind> {
    judge(verifier, request, now(vector)).await.map(drop).map_err(|error| error.kind())
}

/// Asserts that the vector's request is rejected if one of these headers changes or is repeated.
pub(super) async fn assert_headers_are_signed<'a>(
    verifier: &impl Verifier,
    vector: &Value,
    headers: impl Iterator<Item = &'a str>,
) {
    let sent = request(vector);
    for name in headers {
        let name: HeaderName = name.parse().unwrap();
        let value = sent.headers()[&name].to_str().unwrap();
        for values in [vec![format!("{value}x")], vec![format!("{value}, x")], vec![value.to_owned(); 2]] {
            let mut changed = sent.clone();
            changed.headers_mut().remove(&name);
            for value in &values {
                changed.headers_mut().append(&name, value.parse().unwrap());
            }
            assert!(
                verdict(verifier, changed, vector).await.is_err(),
                "{}: {name}: {values:?}",
                vector["id"]
            );
        }
    }
}

pub(super) async fn assert_body_is_signed(verifier: &impl Verifier, vector: &Value) {
    let changed = request(vector).map(|body| Bytes::from([&body[..], b" "].concat()));
    let verdict = verdict(verifier, changed, vector).await;
    assert_eq!(verdict, Err(RejectionKind::WrongSignature), "{}", vector["id"]);
}

/// Asserts that the signature of the vector's request covers the host and the path that the sender called.
pub(super) async fn assert_url_is_signed(verifier: &impl Verifier, vector: &Value) {
    let url = text(&vector["url"]);
    let (called, query) = url.split_once('?').unwrap();
    // A proxy forwards the request to another host and path.
    let (mut head, body) = request(vector).into_parts();
    head.headers.insert("host", "10.0.0.7:8080".parse().unwrap());
    head.uri = format!("/in?{query}").parse().unwrap();
    let context = RequestContext::new(&head).at(now(vector));
    assert!(verify::verify_in(verifier, &context, &body).await.is_err());
    assert!(verify::verify_in(verifier, &context.public_url(called), &body).await.is_ok());
    let (host, path) = called.strip_prefix("https://").unwrap().split_once('/').unwrap();
    for other in [
        format!("https://{host}/{path}x"),
        format!("https://{host}:8443/{path}"),
        format!("https://other.example/{path}"),
        format!("https://user@{host}/{path}"),
        format!("{host}/{path}"),
    ] {
        assert!(verify::verify_in(verifier, &context.public_url(&other), &body).await.is_err(), "{other}");
    }
    // A line break would begin another component.
    for other in [format!("https://{host}/{path}\n"), format!("https://{host}\n/{path}")] {
        let verdict = verify::verify_in(verifier, &context.public_url(&other), &body).await;
        assert_eq!(verdict.unwrap_err().kind(), RejectionKind::MalformedSignature, "{other}");
    }
    // In HTTP/2, the host is in the URI.
    let (mut head, body) = request(vector).into_parts();
    head.headers.remove("host");
    head.uri = url.parse().unwrap();
    let context = RequestContext::new(&head).at(now(vector));
    assert!(verify::verify_in(verifier, &context, &body).await.is_ok());
}

/// Returns a header's value with one of its bytes replaced by one of `bytes`, with one of `bytes` inserted, without a
/// byte, and without its end.
pub(super) fn changes(value: &[u8], bytes: &[u8]) -> impl Iterator<Item = HeaderValue> {
    let changed = (0..value.len()).flat_map(move |at| {
        let (before, from, after) = (&value[..at], &value[at..], &value[at + 1..]);
        let others =
            bytes.iter().flat_map(move |byte| [from, after].map(|rest| [before, &[*byte], rest].concat()));
        others.chain([[before, after].concat(), before.to_vec()])
    });
    changed
        .filter(move |changed| changed != value)
        .filter_map(|changed| HeaderValue::from_bytes(&changed).ok())
}
