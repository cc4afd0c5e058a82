//! lambda_http: the layer is called with the requests that it makes of API Gateway's events.

use std::{convert::Infallible, fmt::Debug};

use bytes::Bytes;
use frameworks::{Order, assert_guarded_by, webhooks};
use http_body_util::BodyExt;
use lambda_http::{
    Body, IntoResponse, Request, RequestExt, Response, lambda_runtime::Diagnostic, service_fn,
};
use serde_json::json;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_webhook::{Delivery, Event};

/// A handler of requests with the layer's body.
async fn on_order(request: http::Request<tower_webhook::Body>) -> Result<Response<Body>, Infallible> {
    assert_eq!(request.raw_http_path(), "/webhook");
    let order = request.extensions().get::<Event<Order>>().unwrap();
    Ok(Response::new(format!("order {}", order.number).into()))
}

/// A handler as lambda_http's documentation has it.
async fn on_lambda_request(request: Request) -> Result<Response<Body>, Infallible> {
    assert_eq!(request.raw_http_path(), "/webhook");
    let order: Order = serde_json::from_slice(request.body()).unwrap();
    Ok(Response::new(format!("order {}", order.number).into()))
}

/// Gives a delivery's payload back the body that lambda_http's handlers expect.
fn to_lambda(request: http::Request<tower_webhook::Body>) -> Request {
    let delivery = request.extensions().get::<Delivery>();
    let body = delivery.map_or(Body::Empty, |delivery| delivery.payload().to_vec().into());
    request.map(|_| body)
}

#[tokio::test]
async fn handler_with_the_layers_body() {
    let service = ServiceBuilder::new().layer(webhooks()).service(service_fn(on_order));
    assert_guarded_on_lambda(service).await;
}

#[tokio::test]
async fn handler_with_lambdas_body() {
    let service =
        ServiceBuilder::new().layer(webhooks()).map_request(to_lambda).service(service_fn(on_lambda_request));
    assert_guarded_on_lambda(service).await;
}

async fn assert_guarded_on_lambda<S>(service: S)
where
    S: Service<Request, Response: IntoResponse, Error: Debug + Into<Diagnostic>, Future: Send> + Clone,
{
    // It would ask Lambda for events, so it is not awaited: that it compiles is what is tested.
    drop(lambda_http::run(service.clone()));
    assert_guarded_by(async |delivery| {
        let response = service.clone().oneshot(on_lambda(delivery)).await.unwrap().into_response().await;
        let (head, body) = response.into_parts();
        Response::from_parts(head, body.collect().await.unwrap().to_bytes())
    })
    .await;
}

/// The request as lambda_http makes it of API Gateway's event.
fn on_lambda(delivery: http::Request<Bytes>) -> Request {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().into())
    };
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": delivery.uri().path(),
        "rawQueryString": "",
        "headers": serde_json::Map::from_iter(delivery.headers().iter().map(header)),
        "requestContext": { "http": { "method": delivery.method().as_str(), "path": delivery.uri().path() } },
        "body": str::from_utf8(delivery.body()).unwrap(),
        "isBase64Encoded": false,
    });
    lambda_http::request::from_str(&event.to_string()).unwrap()
}
