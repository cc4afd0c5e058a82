//! Known answers: requests from providers' documentation and SDKs, and requests computed by an independent
//! implementation. `answers/` has a file for each provider, which states the source of each answer.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod covered;
#[allow(dead_code, unreachable_pub, reason = "other test crates share this file")]
#[path = "../common/deliver.rs"]
mod deliver;
mod retries;
#[allow(dead_code, unreachable_pub, reason = "only `tests/observe/` uses all of it")]
#[path = "../common/seen.rs"]
mod seen;
mod signing;
mod silence;
mod standalone;
#[allow(unreachable_pub, reason = "other test crates share this file")]
#[path = "../common/vectors.rs"]
mod vectors;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower_webhook::{InvalidSecret, ManualClock, Rejection, RejectionKind, WebhookLayer};

use self::{
    deliver::answer,
    vectors::{Vector, provider, request, vectors, verifier},
};

#[tokio::test]
async fn every_vector_is_judged_correctly() {
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
async fn every_valid_vector_with_an_extra_byte_is_rejected() {
    let vectors = vectors();
    // As documented, the signatures or tokens of these providers do not cover the whole body.
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
        "aircall",
        "ecwid",
        "prismic",
        "vapi",
        "cloudprinter",
        "meraki",
        // Only the signed payload counts, and it is one of the fields.
        "apple-app-store",
        "apple-app-store-sandbox",
        // Only the encrypted message is signed, and it is one of the elements.
        "wecom",
        "dingtalk",
        "midtrans",
        "wechat-official-account",
        // Inngest and NOWPayments sign canonical JSON, which omits white space.
        "inngest",
        "nowpayments",
    ];
    let protected = |vector: &&Vector| {
        let token = |value: &String| vector.secrets().contains(value);
        let token = vector.headers.values().any(|value| value.iter().any(token));
        !token && !unprotected.contains(&&*vector.provider)
    };
    let mut judged = 0;
    for vector in vectors.iter().filter(|vector| vector.expect == "valid").filter(protected) {
        let tampered = Vector { body_utf8: format!("{} ", vector.body_utf8), ..vector.clone() };
        let expected = match &*vector.provider {
            // The body ends with the signature.
            "wix" => RejectionKind::MalformedSignature,
            _ => RejectionKind::WrongSignature,
        };
        assert_eq!(judge(&tampered).await, Found::Rejected(expected), "{}", vector.id);
        judged += 1;
    }
    assert!(judged >= 200, "only {judged} judged");
}

#[derive(Debug, PartialEq)]
enum Found {
    Valid,
    Rejected(RejectionKind),
    BadSecret,
}

async fn judge(vector: &Vector) -> Found {
    let Ok(layer) = layer(vector) else { return Found::BadSecret };
    let response = send(layer, request(vector)).await;
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Found::Rejected(rejection.kind()),
        None if response.status() == 200 => Found::Valid,
        None => panic!("{}: {response:?}", vector.id),
    }
}

/// Sends a request to a handler behind `layer`, which answers with the delivery as an extension.
async fn send(layer: WebhookLayer, request: Request<Bytes>) -> Response<Bytes> {
    answer(&layer, request.map(Full::new)).await
}

/// Returns a layer for the vector, at the vector's time.
fn layer(vector: &Vector) -> Result<WebhookLayer, InvalidSecret> {
    let layer = WebhookLayer::with_verifier(verifier(vector)?).clock(ManualClock::at_unix(vector.now_unix));
    let layer = if vector.needs_public_url() { layer.public_url(&vector.url) } else { layer };
    Ok(match vector.tolerance_s {
        Some(seconds) => layer.tolerance(Duration::from_secs(seconds)),
        None => layer,
    })
}

/// Returns `true` if `found` is what the vector expects. A request with two errors may be rejected for either.
fn is_right(vector: &Vector, found: &Found) -> bool {
    use RejectionKind::{MalformedSignature, MissingSignature, StaleTimestamp, WrongSignature};
    // The signatures of these two vectors are in the wrong encoding.
    if matches!(&*vector.id, "pusher-03" | "vonage-params-08") {
        return *found == Found::Rejected(MalformedSignature);
    }
    let kinds: &[RejectionKind] = match vector.expect.strip_prefix("invalid:") {
        None => return *found == Found::Valid,
        Some("invalid_secret") => return *found == Found::BadSecret,
        Some("missing_header" | "missing_timestamp" | "missing_signature" | "signed_header_missing") => {
            &[MissingSignature]
        }
        // Some schemes skip malformed or unknown signatures and then report a mismatch.
        Some(
            "bad_encoding"
            | "malformed_header"
            | "invalid_timestamp"
            | "no_matching_version"
            | "unsupported_algorithm",
        ) => &[MalformedSignature, WrongSignature],
        // One of these vectors has the timestamp `-1`, and the signature of another is also invalid base64.
        Some("timestamp_too_old" | "timestamp_too_new") => &[StaleTimestamp, MalformedSignature],
        Some(
            "signature_mismatch" | "body_hash_mismatch" | "url_hash_mismatch" | "unknown_key"
            | "body_not_signed" | "claim_mismatch",
        ) => &[WrongSignature],
        Some(other) => panic!("unknown reason {other}"),
    };
    matches!(found, Found::Rejected(kind) if kinds.contains(kind))
}
