//! Known answers: requests from providers' documentation and SDKs, and some that an independent
//! implementation computed. The files beside this one say of each where it is from.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod covered;
#[cfg(feature = "tracing")]
#[allow(dead_code, unreachable_pub, reason = "the tests of tracing use all of it")]
#[path = "../common/seen.rs"]
mod seen;
#[cfg(feature = "test-util")]
mod signing;
#[cfg(feature = "tracing")]
mod silence;

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use serde::Deserialize;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, InvalidSecret, ManualClock, Rejection, RejectionKind, ResponseBody, Secret, Secrets,
    WebhookLayer,
    provider::{self, Provider},
    verify::Verifier,
};

#[derive(Clone, Deserialize)]
struct Vector {
    id: String,
    name: String,
    scheme: String,
    secret: String,
    secrets: Option<Vec<String>>,
    method: String,
    url: String,
    headers: HashMap<String, Value>,
    body_utf8: String,
    tolerance_s: Option<u64>,
    key_id: Option<String>,
    algorithm: Option<String>,
    now_unix: Option<u32>,
    expect: String,
}

impl Vector {
    fn now(&self) -> u32 {
        self.now_unix.unwrap_or(1_800_000_000)
    }

    /// Whether the provider was given a URL with `http`, or with a user, of which no request says so.
    fn needs_public_url(&self) -> bool {
        self.url.starts_with("http://") || self.url.contains('@')
    }

    fn secrets(&self) -> &[String] {
        self.secrets.as_deref().unwrap_or(std::slice::from_ref(&self.secret))
    }
}

/// All that stand in the files beside this one; those named as a feature, with that feature.
fn vectors() -> Vec<Vector> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let has_providers = |path: &std::path::PathBuf| match path.file_stem().unwrap().to_str() {
        Some("asymmetric") => cfg!(feature = "asymmetric"),
        Some("jwt") => cfg!(feature = "jwt"),
        _ => true,
    };
    let is_json = |path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending == "json");
    let mut paths: Vec<_> = paths.filter(is_json).filter(has_providers).collect();
    paths.sort();
    let read = |path| serde_json::from_str::<Vec<Vector>>(&std::fs::read_to_string(path).unwrap()).unwrap();
    paths.into_iter().flat_map(read).collect()
}

/// A header's value, or several when it is sent more than once.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Value {
    Once(String),
    Often(Vec<String>),
}

impl Value {
    fn iter(&self) -> std::slice::Iter<'_, String> {
        match self {
            Self::Once(value) => std::slice::from_ref(value).iter(),
            Self::Often(values) => values.iter(),
        }
    }
}

#[tokio::test]
async fn every_vector_is_judged_right() {
    let vectors = vectors();
    assert!(vectors.len() >= 1074, "only {} vectors", vectors.len());
    let mut wrong = Vec::new();
    for vector in &vectors {
        let found = judge(vector).await;
        if !is_right(vector, &found) {
            wrong.push(format!(
                "{} ({}): expected {}, found {found:?}",
                vector.id, vector.name, vector.expect
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_valid_vector_with_a_byte_more_is_refused() {
    let vectors = vectors();
    // These do not protect the body, which their documentation says.
    let unprotected = [
        "adyen-standard",
        "dropbox-sign",
        "mailgun",
        "mercadopago",
        "plivo-v2",
        "gitlab-token",
        "okta",
        "basic-auth",
        "vonage-jwt",
        "azure-eventgrid",
        "cloudevents",
        "ms-graph",
        "monday",
    ];
    let protected = |vector: &&Vector| {
        let token = |value: &String| vector.secrets().contains(value);
        let token = vector.headers.values().any(|value| value.iter().any(token));
        !token && !unprotected.contains(&&*vector.scheme)
    };
    let mut judged = 0;
    for vector in vectors.iter().filter(|vector| vector.expect == "valid").filter(protected) {
        let tampered = Vector { body_utf8: format!("{} ", vector.body_utf8), ..vector.clone() };
        assert_eq!(judge(&tampered).await, Found::Refused(RejectionKind::WrongSignature), "{}", vector.id);
        judged += 1;
    }
    assert!(judged >= 200, "only {judged} judged");
}

#[derive(Debug, PartialEq)]
enum Found {
    Valid,
    Refused(RejectionKind),
    BadSecret,
}

async fn judge(vector: &Vector) -> Found {
    let Ok(layer) = layer(vector) else { return Found::BadSecret };
    let response = send(layer, request(vector).map(Full::new)).await;
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Found::Refused(rejection.kind()),
        None if response.status() == 200 => Found::Valid,
        None => panic!("{}: {response:?}", vector.id),
    }
}

/// The vector's request.
fn request(vector: &Vector) -> Request<Bytes> {
    let mut request = Request::builder().method(&*vector.method).uri(&*vector.url);
    for (name, value) in &vector.headers {
        for value in value.iter() {
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
    }
    request.body(vector.body_utf8.clone().into()).unwrap()
}

/// Sends a request to a handler behind `layer`.
async fn send(layer: WebhookLayer, request: Request<Full<Bytes>>) -> Response<ResponseBody<Full<Bytes>>> {
    let service =
        layer.layer(service_fn(async |_: Request<Body>| Ok::<_, BoxError>(Response::new(Full::default()))));
    service.oneshot(request).await.unwrap()
}

/// The layer that the vector's request is sent to, at the vector's time.
fn layer(vector: &Vector) -> Result<WebhookLayer, InvalidSecret> {
    let layer = WebhookLayer::with_verifier(verifier(vector)?).clock(ManualClock::at_unix(vector.now()));
    let layer = if vector.needs_public_url() { layer.public_url(&vector.url) } else { layer };
    Ok(match vector.tolerance_s {
        Some(seconds) => layer.tolerance(Duration::from_secs(seconds)),
        None => layer,
    })
}

fn verifier(vector: &Vector) -> Result<Arc<dyn Verifier>, InvalidSecret> {
    let secret = |text: &String| {
        let secret: Secret = text.parse()?;
        Ok(match &vector.key_id {
            Some(key_id) => secret.with_key_id(&**key_id),
            None => secret,
        })
    };
    let secrets: Vec<Secret> = vector.secrets().iter().map(secret).collect::<Result<_, InvalidSecret>>()?;
    provider(vector).verifier(Secrets::try_from(secrets)?)
}

fn provider(vector: &Vector) -> &'static Provider {
    // Where the account sets the algorithm there is a provider for each, named after it.
    let id = match &vector.algorithm {
        Some(algorithm) if algorithm != "sha256" => format!("{}-{algorithm}", vector.scheme),
        _ => vector.scheme.clone(),
    };
    provider::find(&id).unwrap_or_else(|| panic!("no provider for the scheme {}", vector.scheme))
}

/// A request that is wrong in two ways may be refused for either.
fn is_right(vector: &Vector, found: &Found) -> bool {
    use RejectionKind::{MalformedSignature, MissingSignature, StaleTimestamp, WrongSignature};
    // Their signatures are not even in the encoding that they should be in.
    if matches!(&*vector.id, "pusher-03" | "vonage-params-08") {
        return *found == Found::Refused(MalformedSignature);
    }
    let kinds: &[RejectionKind] = match vector.expect.strip_prefix("invalid:") {
        None => return *found == Found::Valid,
        Some("invalid_secret") => return *found == Found::BadSecret,
        Some("missing_header" | "missing_timestamp" | "missing_signature") => &[MissingSignature],
        Some("signed_header_missing") => &[MissingSignature],
        // Candidates of another kind are passed over by some schemes' rules.
        Some(
            "bad_encoding"
            | "malformed_header"
            | "invalid_timestamp"
            | "no_matching_version"
            | "unsupported_algorithm",
        ) => &[MalformedSignature, WrongSignature],
        // `-1` is no number of seconds, so it is malformed before it is old.
        Some("timestamp_too_old") => &[StaleTimestamp, MalformedSignature],
        // One of them has a signature that is no base64 besides.
        Some("timestamp_too_new") => &[StaleTimestamp, MalformedSignature],
        Some(
            "signature_mismatch" | "body_hash_mismatch" | "url_hash_mismatch" | "unknown_key"
            | "body_not_signed" | "claim_mismatch",
        ) => &[WrongSignature],
        Some(other) => panic!("unknown reason {other}"),
    };
    matches!(found, Found::Refused(kind) if kinds.contains(kind))
}
