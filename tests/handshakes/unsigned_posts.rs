//! Handshakes that are not signed and have a body.

use bytes::Bytes;
use hmac::Hmac;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;
use sha2::Sha256;
use tower_webhook::RejectionKind as Kind;

use crate::support::{Found, MISSING, URL, WRONG, ask, hex, hmac, layer, nothing, object, request, secret};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const PING: (&str, &str) = ("x-event-key", "diagnostics:ping");
const CHALLENGE: (&str, &str) = ("smartsheet-hook-challenge", "d78d<b>");

/// Returns a request with a length, as every HTTP/1 client sends it.
fn post(headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let length = body.len().to_string();
    let headers = [headers, &[("content-length", &*length)]].concat();
    request(&Method::POST, URL, &headers, body)
}

async fn found(provider: &str, request: Request<Full<Bytes>>) -> Found {
    // Daily's secret is base64.
    let text = if provider == "daily" { "c2VjcmV0" } else { "secret" };
    ask(layer(provider, secret(text)), request).await
}

#[tokio::test]
async fn each_is_answered_without_the_handler() {
    for (provider, headers, body, answer) in [
        ("woocommerce", &[FORM][..], "webhook_id=42", nothing(200)),
        (
            "woocommerce",
            &[("content-type", "application/x-www-form-urlencoded; charset=UTF-8")],
            "webhook_id=7",
            nothing(200),
        ),
        ("bitbucket-server", &[JSON, PING], r#"{"test": true}"#, nothing(200)),
        ("bitbucket-server", &[JSON, PING], "{\"test\":true}", nothing(200)),
        ("slack", &[FORM], "token=t&ssl_check=1", nothing(200)),
        ("slack", &[FORM], "ssl_check=1", nothing(200)),
        (
            "smartsheet",
            &[JSON, CHALLENGE],
            r#"{"challenge":"d78d<b>","webhookId":2674017481058180}"#,
            object(json!({ "smartsheetHookResponse": "d78d<b>" })),
        ),
        (
            "smartcar",
            &[JSON],
            r#"{"eventType":"VERIFY","data":{"challenge":"3f6a1c0e-77b2"}}"#,
            object(json!({ "challenge": hex(&hmac::<Hmac<Sha256>>("secret", "3f6a1c0e-77b2")) })),
        ),
        (
            "statsig",
            &[JSON],
            r#"{"data":{"event":"url_verification","verification_code":"4f\"1b"}}"#,
            object(json!({ "verification_code": "4f\"1b" })),
        ),
        ("monday", &[JSON], r#"{"challenge":"3eZ\"b"}"#, object(json!({ "challenge": "3eZ\"b" }))),
        ("daily", &[JSON], r#"{"test":"test"}"#, nothing(200)),
        ("daily", &[], "{ \"test\": \"test\" }", nothing(200)),
    ] {
        assert_eq!(found(provider, post(headers, body)).await, answer, "{provider}: {body}");
    }
}

#[tokio::test]
async fn nothing_else_passes_without_a_signature() {
    let long = format!("webhook_id={}", "1".repeat(4096));
    let padded = format!("{{\"challenge\":\"{}\"}}", "x".repeat(4096));
    for (provider, headers, body) in [
        ("woocommerce", &[FORM][..], "webhook_id=42&id=7"),
        ("woocommerce", &[FORM], "webhook_id="),
        ("woocommerce", &[FORM], "webhook_id=-1"),
        ("woocommerce", &[FORM], " webhook_id=42"),
        ("woocommerce", &[FORM], "{}"),
        ("woocommerce", &[FORM], &long),
        ("woocommerce", &[JSON], "webhook_id=42"),
        ("bitbucket-server", &[JSON, PING], r#"{"test": false}"#),
        ("bitbucket-server", &[JSON, PING], r#"{"test": true, "ref": "main"}"#),
        ("bitbucket-server", &[JSON, PING], r#"{"test": true}{}"#),
        ("bitbucket-server", &[JSON, PING], "[true]"),
        ("bitbucket-server", &[JSON, ("x-event-key", "repo:refs_changed")], r#"{"test": true}"#),
        ("bitbucket-server", &[JSON], r#"{"test": true}"#),
        ("bitbucket", &[JSON, PING], r#"{"test": true}"#),
        ("daily", &[JSON], r#"{"test":"tests"}"#),
        ("daily", &[JSON], r#"{"test":"test","id":"1"}"#),
        ("daily", &[JSON], r#"{"test":"test","test":"test"}"#),
        ("daily", &[JSON], r#"["test"]"#),
        ("smartcar", &[JSON], r#"{"eventType":"VERIFY","data":{"challenge":"{}"}}"#),
        ("smartcar", &[JSON], r#"{"eventType":"VERIFY","data":{"challenge":""}}"#),
        ("smartcar", &[JSON], r#"{"eventType":"VEHICLE_STATE","data":{"challenge":"3f6a1c0e"}}"#),
        ("statsig", &[JSON], r#"{"data":{"event":"url_verification"}}"#),
        ("statsig", &[JSON], r#"{"data":[{"event":"url_verification","verification_code":"4f1b"}]}"#),
        ("statsig", &[JSON], r#"{"data":{"event":"statsig::config_change","verification_code":"4f1b"}}"#),
        ("slack", &[FORM], "ssl_check=0&token=t"),
        ("slack", &[FORM], "ssl_check=1&command=%2Fdeploy&text=now"),
        ("slack", &[FORM], "ssl_check=1&payload=%7B%7D"),
        ("slack", &[JSON], r#"{"type":"url_verification","challenge":"x"}"#),
        ("smartsheet", &[JSON, CHALLENGE], r#"{"challenge":"x","webhookId":1,"events":[]}"#),
        ("smartsheet", &[JSON, CHALLENGE], r#"{"webhookId":1,"scope":"sheet","events":[]}"#),
        ("smartsheet", &[JSON, CHALLENGE], r#"["x",1]"#),
        ("smartsheet", &[JSON], r#"{"challenge":"x","webhookId":1}"#),
        ("monday", &[JSON], r#"{"challenge":"x","event":{"type":"create_item"}}"#),
        ("monday", &[JSON], r#"{"challenge":{"a":1}}"#),
        ("monday", &[JSON], r#"["x"]"#),
        ("monday", &[JSON], &padded),
    ] {
        let judged = found(provider, post(headers, body)).await;
        assert_eq!(judged, MISSING, "{provider}: {body}");
    }
    // Without a length, the body would have to be read to find out that it is short.
    let chunked = request(&Method::POST, URL, &[FORM], "webhook_id=42");
    assert_eq!(found("woocommerce", chunked).await, MISSING);
    let mut put = post(&[FORM], "webhook_id=42");
    *put.method_mut() = Method::PUT;
    assert_eq!(found("woocommerce", put).await, MISSING);
}

#[tokio::test]
async fn a_wrong_signature_is_rejected_whatever_the_body() {
    let wrong = hex(&hmac::<Hmac<Sha256>>("other", r#"{"test": true}"#));
    let signature = format!("sha256={wrong}");
    let request = post(&[JSON, PING, ("x-hub-signature", &signature)], r#"{"test": true}"#);
    assert_eq!(found("bitbucket-server", request).await, WRONG);
}

/// Callers that verify without the layer get an error that contains the handshake's response.
#[tokio::test]
async fn verification_without_the_layer_rejects_it_and_returns_the_response() {
    let verifier = tower_webhook::provider::woocommerce(secret("secret"));
    let (head, _) = post(&[FORM], "webhook_id=42").into_parts();
    let judge = async |body: &'static str| {
        let now = std::time::SystemTime::now();
        tower_webhook::verify::verify_request(&verifier, &head, &body.into(), now).await.unwrap_err()
    };
    let error = judge("webhook_id=42").await;
    assert_eq!(error.kind(), Kind::MissingSignature);
    assert_eq!(error.handshake_response().map(|response| response.status().as_u16()), Some(200));
    assert!(judge("webhook_id=x").await.handshake_response().is_none());
}
