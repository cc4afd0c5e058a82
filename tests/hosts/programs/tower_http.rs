//! tower-http's layers, each above and below the layer, on axum and hyper.

use std::{any::Any, convert::Infallible, time::Duration};

use axum::{Router, routing::post};
use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode, header};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::CorsLayer,
    decompression::RequestDecompressionLayer,
    limit::RequestBodyLimitLayer,
    map_request_body::MapRequestBodyLayer,
    map_response_body::MapResponseBodyLayer,
    normalize_path::NormalizePathLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    sensitive_headers::{SetSensitiveHeadersLayer, SetSensitiveRequestHeadersLayer},
    timeout::{RequestBodyTimeoutLayer, ResponseBodyTimeoutLayer, TimeoutLayer},
    trace::TraceLayer,
};
use tower_webhook::Delivery;

use super::{assert_guarded, webhooks};

async fn on_order(_: Delivery) -> &'static str {
    "handled"
}

async fn handle<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert!(request.extensions().get::<Delivery>().is_some());
    Ok(Response::default())
}

/// Generates tests for each layer, in every order, in one stack and in separate calls.
macro_rules! above_and_below {
    ($($name:ident: $layer:expr;)+) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn on_axum() {
                let orders = || Router::new().route("/orders", post(on_order));
                assert_guarded(orders().layer(webhooks()).layer($layer)).await;
                assert_guarded(orders().layer($layer).layer(webhooks())).await;
                assert_guarded(orders().layer(ServiceBuilder::new().layer($layer).layer(webhooks()))).await;
                assert_guarded(orders().layer(ServiceBuilder::new().layer(webhooks()).layer($layer))).await;
                let route = post(on_order).layer(ServiceBuilder::new().layer($layer).layer(webhooks()));
                assert_guarded(Router::new().route("/orders", route)).await;
                assert_guarded($layer.layer(orders().layer(webhooks()))).await;
            }

            #[tokio::test]
            async fn on_hyper() {
                let above = ServiceBuilder::new().layer($layer).layer(webhooks()).service_fn(handle);
                assert_guarded(above).await;
                let below = ServiceBuilder::new().layer(webhooks()).layer($layer).service_fn(handle);
                assert_guarded(below).await;
            }
        }
    )+};
}

const LONG: Duration = Duration::from_secs(60);

above_and_below! {
    trace: TraceLayer::new_for_http();
    trace_grpc: TraceLayer::new_for_grpc();
    cors: CorsLayer::permissive();
    timeout: TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONG);
    request_body_timeout: RequestBodyTimeoutLayer::new(LONG);
    response_body_timeout: ResponseBodyTimeoutLayer::new(LONG);
    request_body_limit: RequestBodyLimitLayer::new(1024);
    catch_panic: CatchPanicLayer::new();
    catch_panic_in_words: CatchPanicLayer::custom(|_: Box<dyn Any + Send>| Response::new(Full::new(Bytes::new())));
    set_request_id: SetRequestIdLayer::x_request_id(MakeRequestUuid);
    propagate_request_id: PropagateRequestIdLayer::x_request_id();
    compression: CompressionLayer::new();
    normalize_path: NormalizePathLayer::trim_trailing_slash();
    sensitive_headers: SetSensitiveHeadersLayer::new([header::AUTHORIZATION]);
    sensitive_signature:
        SetSensitiveRequestHeadersLayer::new([HeaderName::from_static("webhook-signature")]);
    set_header: tower_http::set_header::SetResponseHeaderLayer::overriding(
        header::SERVER,
        http::HeaderValue::from_static("server"),
    );
    map_request_body: MapRequestBodyLayer::new(axum::body::Body::new);
    map_response_body: MapResponseBodyLayer::new(axum::body::Body::new);
    request_decompression: RequestDecompressionLayer::new();
}

#[tokio::test]
async fn a_typical_stack() {
    let app = Router::new().route("/orders", post(on_order)).layer(
        ServiceBuilder::new()
            .layer(SetSensitiveHeadersLayer::new([header::AUTHORIZATION]))
            .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
            .layer(TraceLayer::new_for_http())
            .layer(PropagateRequestIdLayer::x_request_id())
            .layer(CatchPanicLayer::new())
            .layer(CorsLayer::permissive())
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONG))
            .layer(CompressionLayer::new())
            .layer(webhooks())
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONG)),
    );
    assert_guarded(app).await;
}
