//! The parts that the tests of signatures over requests share: known answers in JSON, and their outcomes.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use tower_webhook::{
    RejectionKind,
    verify::{self, Verified, Verifier, VerifyError},
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
