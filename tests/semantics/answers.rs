//! The response to each kind of rejection, and the details that clients must not see.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body_util::Full;
use tower_webhook::{
    Rejection, RejectionKind as Kind, Secrets, WebhookLayer, provider,
    testing::{Fault, Operation},
    verify::VerifyError,
};

use crate::support::{
    Act, Answer, Handler, NOW, OTHER_SECRET, SECRET, TokioClock, faulty_store, layer, secret, settle_down,
    signed, signed_with, to, with_header, without_header,
};

/// A kind with its name, text, status, `grpc-status` and `Retry-After`.
type Row = (Kind, &'static str, &'static str, u16, u8, Option<u64>);

const TABLE: [Row; 15] = [
    (Kind::MissingSignature, "missing_signature", "missing signature", 401, 16, None),
    (Kind::MalformedSignature, "malformed_signature", "malformed signature", 401, 16, None),
    (Kind::StaleTimestamp, "stale_timestamp", "stale timestamp", 401, 16, None),
    (Kind::WrongSignature, "wrong_signature", "wrong signature", 401, 16, None),
    (Kind::UnknownEndpoint, "unknown_endpoint", "wrong signature", 401, 16, None),
    (Kind::BodyInterrupted, "body_interrupted", "body interrupted", 400, 3, None),
    (Kind::BodyTooSlow, "body_too_slow", "body too slow", 408, 4, None),
    (Kind::BodyTooLarge, "body_too_large", "body too large", 413, 8, None),
    (Kind::Undecodable, "undecodable", "undecodable payload", 422, 3, None),
    (Kind::InProgress, "in_progress", "in progress", 503, 14, Some(5)),
    (Kind::AckDeadline, "ack_deadline", "not finished yet", 503, 14, Some(5)),
    (Kind::StoreUnavailable, "store_unavailable", "temporarily unavailable", 503, 14, Some(10)),
    (Kind::VerifierUnavailable, "verifier_unavailable", "temporarily unavailable", 503, 14, Some(10)),
    (Kind::OverBudget, "over_budget", "temporarily unavailable", 503, 14, Some(10)),
    (Kind::HandlerTimeout, "handler_timeout", "temporarily unavailable", 503, 14, Some(10)),
];

#[test]
fn each_rejection_kind_has_its_status_and_retry_after() {
    for (kind, name, _, status, grpc_status, retry_after) in TABLE {
        assert_eq!(kind.as_str(), name);
        assert_eq!(kind.to_string(), name);
        assert_eq!(kind.status(), status, "{kind}");
        assert_eq!(kind.grpc_status(), grpc_status, "{kind}");
        assert_eq!(kind.retry_after().map(|time| time.as_secs()), retry_after, "{kind}");
    }
}

fn unsigned() -> Request<Full<Bytes>> {
    without_header("webhook-signature", signed("msg_1", "{}"))
}

/// Returns a request whose signature has 20 bytes.
fn signed_with_sha1() -> Request<Full<Bytes>> {
    with_header("webhook-signature", "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAA=", signed("msg_1", "{}"))
}

fn grpc(request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    with_header("content-type", "application/grpc+proto", request)
}

#[tokio::test(start_paused = true)]
async fn the_client_sees_only_the_kind() {
    let app = Handler::default().under(&layer().json::<Vec<u8>>().body_limit(100));
    let large = "x".repeat(101);
    let cases = [
        (unsigned(), Kind::MissingSignature),
        (signed_with(SECRET, "a.b", NOW, "{}"), Kind::MalformedSignature),
        (signed_with(SECRET, "msg_1", NOW - 999, "{}"), Kind::StaleTimestamp),
        (signed_with(OTHER_SECRET, "msg_1", NOW, "{}"), Kind::WrongSignature),
        (signed_with_sha1(), Kind::WrongSignature),
        (signed("msg_1", "{}"), Kind::Undecodable),
        (signed("msg_1", &large), Kind::BodyTooLarge),
    ];
    for (request, kind) in cases {
        let (_, _, text, ..) = TABLE.into_iter().find(|row| row.0 == kind).unwrap();
        let answer = app.send(request).await;
        answer.assert_rejected(kind);
        assert_eq!(answer.body, text);
        assert_eq!(answer.head.headers.len(), 1, "{:?}", answer.head.headers);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        // Unlike the client, middleware above the layer sees the cause as well.
        let rejection = answer.rejection().unwrap();
        assert_eq!((rejection.status(), rejection.to_string()), (kind.status(), text.to_owned()));
        assert_eq!(rejection.source().is_some(), kind != Kind::BodyTooLarge, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_rejection_has_the_cause_as_its_source() {
    let app = Handler::default().under(&layer().json::<Vec<u8>>());
    let cause = async |request| app.send(request).await.rejection().unwrap().source().unwrap().to_string();
    assert_eq!(cause(unsigned()).await, "`webhook-signature` header is missing");
    assert_eq!(
        cause(signed_with(SECRET, "msg_1", NOW - 400, "{}")).await,
        "timestamp is 400 s old, which exceeds the tolerance of 300 s"
    );
    assert_eq!(
        cause(signed_with(SECRET, "msg_1", NOW + 301, "{}")).await,
        "timestamp is 301 s ahead, which exceeds the tolerance of 300 s"
    );
    assert_eq!(
        cause(signed_with(OTHER_SECRET, "m", NOW, "{}")).await,
        "signature mismatch: no secret matches"
    );
    assert_eq!(cause(signed_with_sha1()).await, "signature has 20 bytes instead of 32");
    assert_eq!(cause(signed("msg_1", "{}")).await, "payload is not of the expected type, at line 1 column 0");
    // The underlying error is the source.
    let down = VerifyError::unavailable("the key server is down");
    assert_eq!(down.to_string(), "verification could not be completed");
    assert_eq!(down.source().unwrap().to_string(), "the key server is down");
    assert!(VerifyError::wrong("no secret").source().is_none());
}

#[tokio::test(start_paused = true)]
async fn grpc_requests_get_a_trailers_only_response() {
    let app = Handler::default().under(&layer());
    let answer = app.send(grpc(unsigned())).await;
    assert_eq!((answer.status(), &*answer.body), (200, b"".as_slice()));
    assert_eq!(answer.header("content-type"), Some("application/grpc"));
    assert_eq!(
        (answer.header("grpc-status"), answer.header("grpc-message")),
        (Some("16"), Some("missing signature"))
    );
    assert_eq!(answer.kind(), Some(Kind::MissingSignature));

    app.send(grpc(signed("msg_1", "{}"))).await.assert_handled();
    let duplicate = app.send(grpc(signed("msg_1", "{}"))).await;
    assert_eq!((duplicate.status(), duplicate.header("grpc-status")), (200, Some("6")));
    assert_eq!(duplicate.header("x-webhook-duplicate"), Some("true"));
}

#[tokio::test(start_paused = true)]
async fn on_rejection_changes_the_prepared_response() {
    let app = Handler::default().under(&layer().on_rejection(|rejection: &Rejection, mut response| {
        response.headers_mut().insert("x-why", rejection.kind().as_str().parse().unwrap());
        response.map(|text| [text, Bytes::from_static(b"!")].concat().into())
    }));
    let answer = app.send(unsigned()).await;
    assert_eq!((answer.status(), &*answer.body), (401, b"missing signature!".as_slice()));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let grpc = app.send(grpc(unsigned())).await;
    assert_eq!((grpc.status(), &*grpc.body), (200, b"!".as_slice()));
    assert_eq!(grpc.header("grpc-status"), Some("16"));
    for answer in [answer, grpc] {
        assert_eq!(answer.header("x-why"), Some("missing_signature"));
        assert_eq!(answer.kind(), Some(Kind::MissingSignature));
    }
}

#[tokio::test(start_paused = true)]
async fn on_rejection_cannot_acknowledge_a_delivery() {
    for status in [100, 200, 204, 302, 399, 400, 418, 502] {
        let layer = layer().handler_timeout(Duration::from_secs(1)).on_rejection(move |_, _| {
            Response::builder().status(status).body(Bytes::from_static(b"fine")).unwrap()
        });
        let app = Handler::doing([Act::Hang]).under(&layer);
        let answer = app.send(signed("msg_1", "{}")).await;
        assert_eq!(answer.kind(), Some(Kind::HandlerTimeout));
        assert_eq!(answer.status(), if status < 400 { 503 } else { status });
        assert_eq!((answer.header("retry-after"), &*answer.body), (Some("10"), b"fine".as_slice()));
        let answer = app.send(unsigned()).await;
        assert_eq!(answer.status(), if status < 400 { 401 } else { status });
        assert_eq!(answer.header("retry-after"), None);
    }
    let own = layer().buffer_budget(1).on_rejection(|_, mut response| {
        response.headers_mut().insert("retry-after", 60.into());
        response
    });
    let answer = Handler::default().under(&own).send(signed("msg_1", "{}")).await;
    answer.assert_rejected(Kind::OverBudget);
    assert_eq!(answer.header("retry-after"), Some("60"));
}

#[tokio::test(start_paused = true)]
async fn on_rejection_cannot_answer_a_grpc_request_with_ok() {
    for (statuses, expected) in [
        (&[][..], "16"),
        (&["0"], "16"),
        (&["00"], "16"),
        (&["5", "0"], "16"),
        (&["unauthenticated"], "16"),
        (&["7"], "7"),
    ] {
        let app = Handler::default().under(&layer().on_rejection(move |_, _| {
            let response = statuses.iter().fold(Response::builder().status(301), |response, status| {
                response.header("grpc-status", *status)
            });
            response.body(Bytes::new()).unwrap()
        }));
        let answer = app.send(grpc(unsigned())).await;
        let sent: Vec<_> = answer.head.headers.get_all("grpc-status").iter().collect();
        assert_eq!(sent, [expected], "{statuses:?}");
        // gRPC clients ignore `grpc-status` unless the HTTP status is 200.
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn rejections_can_be_problem_json() {
    let layer = layer().json::<Vec<u8>>().rejections_as_problem_json();
    let app = Handler::default().under(&layer);
    let problem = |answer: &Answer| serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap();
    for (request, title, status) in [
        (unsigned(), "missing signature", 401),
        (signed_with(OTHER_SECRET, "msg_1", NOW, "{}"), "wrong signature", 401),
        (signed("msg_1", "{}"), "undecodable payload", 422),
    ] {
        let answer = app.send(request).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let expected = serde_json::json!({ "type": "about:blank", "title": title, "status": status });
        assert_eq!(problem(&answer), expected);
    }
    let store = faulty_store();
    store.fail(Operation::Claim, Fault::Error);
    let answer = Handler::default().under(&layer.clone().dedupe(store)).send(signed("msg_1", "[]")).await;
    assert_eq!((answer.header("retry-after"), &problem(&answer)["status"]), (Some("10"), &503.into()));
    // gRPC clients do not read JSON.
    let grpc = app.send(grpc(unsigned())).await;
    assert_eq!((grpc.header("grpc-status"), &*grpc.body), (Some("16"), b"".as_slice()));
    // `on_rejection` receives the problem document.
    let hooked = layer
        .on_rejection(|_, response| response.map(|json| [json, Bytes::from_static(b"\n")].concat().into()));
    let answer = Handler::default().under(&hooked).send(unsigned()).await;
    assert_eq!(problem(&answer)["title"], "missing signature");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_endpoint_and_a_wrong_signature_get_identical_responses() {
    let lookup = async |head: &Parts| match head.uri.path() {
        "/known" => Ok(Some(provider::standard_webhooks(secret())?)),
        _ => Ok(None),
    };
    let layer = WebhookLayer::with_lookup(lookup).clock(TokioClock::start());
    for layer in [layer.clone(), layer.rejections_as_problem_json()] {
        let app = Handler::default().under(&layer);
        let mut answers = Vec::new();
        for (path, kind) in [("/known", Kind::WrongSignature), ("/unknown", Kind::UnknownEndpoint)] {
            let answer = app.send(to(path, signed_with(OTHER_SECRET, "msg_1", NOW, "{}"))).await;
            answer.assert_rejected(kind);
            answers.push((answer.status(), answer.head.headers.clone(), answer.body));
        }
        assert_eq!(answers[0], answers[1]);
    }
}

#[tokio::test(start_paused = true)]
async fn debug_output_has_no_secrets_payloads_or_signatures() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Answer(200)]);
    let layer = layer().dedupe(store.clone());
    let app = handler.under(&layer);
    let request = signed("msg_1", r#"{"card":"4242"}"#);
    let signature = request.headers()["webhook-signature"].to_str().unwrap()[3..].to_owned();
    app.send(request).await.assert_handled();
    store.fail(Operation::Claim, Fault::Error);
    let refused = app.send(signed("msg_2", r#"{"card":"4242"}"#)).await;
    settle_down().await;
    store.heal();
    // The decoder's own error quotes the invalid value.
    let app = handler.under(&layer.clone().json::<std::collections::HashMap<String, bool>>());
    let undecodable = app.send(signed("msg_3", r#"{"card":"4242"}"#)).await;
    undecodable.assert_rejected(Kind::Undecodable);
    let (delivery, rejections) = (handler.last(), [refused.rejection(), undecodable.rejection()]);
    let shown = format!("{layer:?} {delivery:?} {rejections:?} {:?} {:?}", secret(), Secrets::from(secret()));
    for hidden in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "4242", &signature] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
