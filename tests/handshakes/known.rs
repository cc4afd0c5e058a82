//! Known answers, an axum route that answers handshakes, and the ids of CloudEvents.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{Body, BoxError, OutcomeKind};

use crate::support::{URL, ask, get, layer, object, request, secret, signed_with, text};

#[derive(Deserialize)]
struct KnownAnswer {
    provider: String,
    secret: String,
    key_id: Option<String>,
    input: String,
    response: String,
}

#[tokio::test]
async fn every_known_answer_is_computed() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/handshakes/known.json");
    let known: Vec<KnownAnswer> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    for KnownAnswer { provider, secret: key, key_id, input, response } in known {
        let id = match &*provider {
            "X (Twitter)" => "twitter".to_owned(),
            name => name.to_lowercase(),
        };
        let key = if key.is_empty() { "secret".to_owned() } else { key };
        let key_of = |text: &str| match &key_id {
            Some(key_id) => secret(text).with_key_id(&**key_id),
            None => secret(text),
        };
        let layer = layer(&id, key_of(&key));
        let (layer, request, answer) = match &*id {
            "zoom" => {
                let body = json!({"event": "endpoint.url_validation", "payload": {"plainToken": input}});
                let answer = json!({"plainToken": input, "encryptedToken": response});
                (layer, signed_with(&key, "zoom", &[], &body.to_string()), object(answer))
            }
            "twitter" => {
                (layer, get(&format!("crc_token={input}")), object(json!({"response_token": response})))
            }
            "okta" => {
                let headers = [("x-okta-verification-challenge", &*input), ("authorization", &key)];
                let answer = json!({"verification": response});
                (layer, request(&Method::GET, URL, &headers, ""), object(answer))
            }
            "braintree" => (layer, get(&format!("bt_challenge={input}")), text(&response)),
            other => panic!("no request for {other}"),
        };
        assert_eq!(ask(layer, request).await, answer, "{provider}");
    }
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
    let ids = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ids);
    let service = layer("cloudevents", secret("secret")).on_outcome(move |outcome| {
        let delivery = outcome.delivery().unwrap();
        let id = delivery.id().map(str::to_owned);
        let event_type = delivery.event_type().map(str::to_owned);
        seen.lock().unwrap().push((outcome.kind(), id, event_type));
    });
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
    let of = |kind, id: Option<&str>, event_type: Option<&str>| {
        (kind, id.map(str::to_owned), event_type.map(str::to_owned))
    };
    let expected = [
        of(OutcomeKind::Accepted, Some("/a 1"), Some("t")),
        of(OutcomeKind::Accepted, Some("/b 1"), Some("t")),
        of(OutcomeKind::Duplicate, Some("/a 1"), Some("t")),
        of(OutcomeKind::Duplicate, Some("/a 1"), Some("t")),
        of(OutcomeKind::Accepted, None, None),
    ];
    assert_eq!(*ids.lock().unwrap(), expected);
}
