//! Known answers, an axum route that answers handshakes, and the ids of CloudEvents.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{Body, BoxError, OutcomeKind, testing::Outcomes};

use crate::support::{URL, ask, get, layer, object, request, secret, signed_with, text};

#[tokio::test]
async fn published_challenges_get_the_published_answers() {
    // Source: github.com/braintree/braintree_node@7a9270aaf3, webhook_notification_gateway_spec.js
    let private_key = secret("integration_private_key").with_key_id("integration_public_key");
    let challenge = get("bt_challenge=20f9f8ed05f77439fe955c977e4c8a53");
    let answer = text("integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4");
    assert_eq!(ask(layer("braintree", private_key), challenge).await, answer);

    // Source: github.com/zoom/webhook-sample@e4d48a7729, index.js
    let token = "qgg8vlvZRS6UYooatFL8Aw";
    let body = json!({"event": "endpoint.url_validation", "payload": {"plainToken": token}});
    let mac = "83b2a60d4bbe49dc93763ed9e727a9a7690cbe4c1f8bb0adc0ffccd09ecb1384";
    let answer = object(json!({"plainToken": token, "encryptedToken": mac}));
    let challenge = signed_with("zoomsecret", "zoom", &[], &body.to_string());
    assert_eq!(ask(layer("zoom", secret("zoomsecret")), challenge).await, answer);

    // Source: https://docs.x.com/x-api/webhooks
    let mac = "sha256=v1WdiCVwy17uGTMWveHGlqQXN/qW1bQraNXXByRO2YA=";
    let answer = object(json!({"response_token": mac}));
    let twitter = layer("twitter", secret("consumer_secret"));
    assert_eq!(ask(twitter, get("crc_token=challenge_string")).await, answer);
}

#[tokio::test]
async fn an_axum_route_for_post_answers_handshakes() {
    use axum::{Router, routing::post};

    let meta = layer("meta", secret("secret")).verify_token(secret("token"));
    let handler = async || -> StatusCode { panic!("no event was sent") };
    let app = Router::new()
        .route("/webhook", post(handler).layer(meta))
        .route("/trello", post(handler).layer(layer("trello", secret("secret"))));
    let ask = async |request: Request<Full<Bytes>>| {
        let response = app.clone().oneshot(request.map(axum::body::Body::new)).await.unwrap();
        let status = response.status().as_u16();
        (
            status,
            String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap(),
        )
    };
    let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token";
    assert_eq!(ask(get(&format!("{query}=token"))).await, (200, "1158201444".to_owned()));
    assert_eq!(ask(get(&format!("{query}=wrong"))).await.0, 401);
    let reach = request(&Method::HEAD, "https://receiver.example/trello", &[], "");
    assert_eq!(ask(reach).await, (200, String::new()));
}

#[tokio::test]
async fn a_cloudevents_id_is_unique_only_within_its_source() {
    let outcomes = Outcomes::new();
    let service = layer("cloudevents", secret("secret")).on_outcome(outcomes.listener());
    let service = service.layer(service_fn(async |_: Request<Body>| {
        Ok::<_, BoxError>(Response::new(Full::<Bytes>::default()))
    }));
    let binary = |source: &str| {
        let headers =
            [("authorization", "Bearer secret"), ("ce-id", "1"), ("ce-type", "t"), ("ce-source", source)];
        request(&Method::POST, URL, &headers, "{}")
    };
    let structured = |kind: &str| {
        let body = r#"{"id":"1","source":"/a","type":"t","data":{"id":"2"}}"#;
        let headers = [("authorization", "Bearer secret"), ("content-type", kind)];
        request(&Method::POST, URL, &headers, body)
    };
    let requests = [
        binary("/a"),
        binary("/b"),
        binary("/a"),
        structured("Application/CloudEvents+json; charset=utf-8"),
        structured("application/cloudevents-batch+json"),
    ];
    for request in requests {
        service.clone().oneshot(request).await.unwrap();
    }
    let outcomes = outcomes.take();
    let seen: Vec<_> = outcomes
        .iter()
        .map(|outcome| {
            let delivery = outcome.delivery().unwrap();
            (outcome.kind(), delivery.id(), delivery.event_type())
        })
        .collect();
    let expected = [
        (OutcomeKind::Accepted, Some("/a 1"), Some("t")),
        (OutcomeKind::Accepted, Some("/b 1"), Some("t")),
        (OutcomeKind::Duplicate, Some("/a 1"), Some("t")),
        (OutcomeKind::Duplicate, Some("/a 1"), Some("t")),
        (OutcomeKind::Accepted, None, None),
    ];
    assert_eq!(seen, expected);
}
