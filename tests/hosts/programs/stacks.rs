//! tower's own layers, above and below the layer.

use std::{convert::Infallible, time::Duration};

use axum::{BoxError, Router, error_handling::HandleErrorLayer, routing::post};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{
    Layer, ServiceBuilder,
    buffer::BufferLayer,
    layer::{layer_fn, util::Identity},
    limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer},
    load_shed::LoadShedLayer,
    service_fn,
    timeout::TimeoutLayer,
};
use tower_webhook::{Body, Delivery};

use super::{assert_guarded, webhooks};

async fn on_order(_: Delivery) {}

async fn handle(request: Request<Body>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert!(request.extensions().get::<Delivery>().is_some());
    Ok(Response::default())
}

async fn unavailable(_: BoxError) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}

const LONG: Duration = Duration::from_secs(60);

/// Generates tests for each layer. On axum, `$handled` goes above a layer that may fail.
macro_rules! above_and_below {
    ($($name:ident: $layer:expr, $handled:expr;)+) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn on_axum() {
                let orders = || Router::new().route("/orders", post(on_order));
                let above = ServiceBuilder::new().layer($handled).layer($layer).layer(webhooks());
                assert_guarded(orders().layer(above)).await;
                let below = ServiceBuilder::new().layer($handled).layer(webhooks()).layer($layer);
                assert_guarded(orders().layer(below)).await;
            }

            #[tokio::test]
            async fn on_hyper() {
                assert_guarded(ServiceBuilder::new().layer($layer).layer(webhooks()).service_fn(handle)).await;
                assert_guarded(ServiceBuilder::new().layer(webhooks()).layer($layer).service_fn(handle)).await;
            }
        }
    )+};
}

above_and_below! {
    concurrency_limit: ConcurrencyLimitLayer::new(1), Identity::new();
    global_concurrency_limit: GlobalConcurrencyLimitLayer::new(1), Identity::new();
    load_shed: LoadShedLayer::new(), HandleErrorLayer::new(unavailable);
    timeout: TimeoutLayer::new(LONG), HandleErrorLayer::new(unavailable);
    buffer: BufferLayer::new(8), HandleErrorLayer::new(unavailable);
    all: ServiceBuilder::new().load_shed().concurrency_limit(1).timeout(LONG).buffer(8).into_inner(),
        HandleErrorLayer::new(unavailable);
}

#[tokio::test]
async fn combinators_around_the_service() {
    let service = ServiceBuilder::new()
        .map_request(|request: Request<_>| request)
        .map_response(|response: Response<_>| response.map(BodyExt::boxed))
        .map_err(BoxError::from)
        .map_result(|result: Result<_, BoxError>| result)
        .layer(webhooks())
        .map_request(|request: Request<_>| request)
        .map_response(|response: Response<_>| response)
        .map_err(BoxError::from)
        .and_then(async |response| Ok::<_, BoxError>(response))
        .service_fn(handle);
    assert_guarded(service).await;
}

#[tokio::test]
async fn layer_built_from_the_layer() {
    fn hardened<S>(inner: S) -> tower_webhook::WebhookService<S> {
        webhooks().body_limit(1024).layer(inner)
    }
    assert_guarded(ServiceBuilder::new().layer(layer_fn(hardened)).service_fn(handle)).await;
    assert_guarded((ConcurrencyLimitLayer::new(1), webhooks()).layer(service_fn(handle))).await;
}

#[tokio::test]
async fn two_layers_for_two_paths() {
    let path = |path: &'static str| move |head: &http::request::Parts| head.uri.path() == path;
    let service = ServiceBuilder::new()
        .layer(webhooks().only_if(path("/orders")))
        .layer(webhooks().only_if(path("/refunds")))
        .service_fn(handle);
    assert_guarded(service).await;
}
