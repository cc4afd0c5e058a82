//! lambda_http: functions as processes, called through Lambda's runtime API.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode},
    routing::{get, post},
};
use bytes::Bytes;
use frameworks::{assert_guarded_by, listen};
use serde_json::{Map, Value, json};
use tokio::{
    net::TcpListener,
    process::Command,
    sync::{Mutex, mpsc},
    time::timeout,
};

#[tokio::test]
async fn handler_with_the_layers_body() {
    assert_guarded_on_lambda(env!("CARGO_BIN_EXE_lambda")).await;
}

#[tokio::test]
async fn handler_with_lambdas_body() {
    assert_guarded_on_lambda(env!("CARGO_BIN_EXE_lambda_request")).await;
}

async fn assert_guarded_on_lambda(program: &str) {
    let (events, next) = mpsc::channel(1);
    let (answered, responses) = mpsc::channel(1);
    let responses = Mutex::new(responses);
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async { axum::serve(listener, runtime_api(next, answered)).await.unwrap() });
    let _function = Command::new(program)
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "webhook")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "log")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "log")
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    assert_guarded_by(async |delivery| {
        events.send(event(&delivery)).await.unwrap();
        let mut responses = responses.lock().await;
        let received = timeout(Duration::from_secs(60), responses.recv()).await;
        response(&received.expect("the function did not respond").unwrap())
    })
    .await;
}

/// Returns a simulated runtime API of Lambda. A function gets its events from this API and posts its responses to it.
fn runtime_api(next: mpsc::Receiver<Value>, answered: mpsc::Sender<Value>) -> Router {
    let invocation = async |State(next): State<Arc<Mutex<mpsc::Receiver<Value>>>>| {
        let event = next.lock().await.recv().await.ok_or(StatusCode::GONE)?;
        let head = [
            ("lambda-runtime-aws-request-id", "1"),
            ("lambda-runtime-deadline-ms", "4102444800000"),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:1:function:webhook"),
        ];
        Ok::<_, StatusCode>((head, Json(event)))
    };
    let response = async move |body: Bytes| {
        answered.send(serde_json::from_slice(&body).unwrap()).await.unwrap();
        StatusCode::ACCEPTED
    };
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(invocation))
        .route("/2018-06-01/runtime/invocation/1/response", post(response))
        .with_state(Arc::new(Mutex::new(next)))
}

/// Converts a request to an API Gateway event.
fn event(request: &Request<Bytes>) -> Value {
    let header =
        |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), Value::from(value.to_str().unwrap()));
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.uri().path(),
        "rawQueryString": "",
        "headers": Map::from_iter(request.headers().iter().map(header)),
        "requestContext": { "http": { "method": request.method().as_str(), "path": request.uri().path() } },
        "body": str::from_utf8(request.body()).unwrap(),
        "isBase64Encoded": false,
    })
}

/// Converts a function's response as API Gateway does.
fn response(response: &Value) -> Response<Bytes> {
    assert_eq!(response["isBase64Encoded"], false, "{response}");
    let headers = response["headers"].as_object().unwrap().iter();
    let headers: HeaderMap = headers
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.as_str().unwrap().parse().unwrap()))
        .collect();
    let status = response["statusCode"].as_u64().unwrap() as u16;
    let body = response["body"].as_str().unwrap_or_default().to_owned();
    let mut made = Response::builder().status(status).body(Bytes::from(body)).unwrap();
    *made.headers_mut() = headers;
    made
}
