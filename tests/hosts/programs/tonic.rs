//! Every place where tonic accepts a layer.

use std::{future::ready, net::SocketAddr};

use axum::routing::{get, post};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tonic::{
    Status,
    service::{InterceptorLayer, LayerExt, Routes},
    transport::Server,
};
use tonic_health::{pb::health_server::Health, server::health_reporter};
use tower::{Layer, ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer};
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, cors::CorsLayer, timeout::TimeoutLayer,
    trace::TraceLayer,
};
use tower_webhook::Delivery;

use super::{assert_guarded, webhooks};
use crate::common::signed;

fn health() -> tonic_health::pb::health_server::HealthServer<impl Health> {
    health_reporter().1
}

fn intercept(request: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
    Ok(request)
}

/// Starts and stops a server, because serving requires tonic's bounds.
macro_rules! served {
    ($server:expr) => {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        $server.serve_with_shutdown(anywhere, ready(())).await.unwrap()
    };
}

#[tokio::test]
async fn server_layer() {
    served!(Server::builder().layer(webhooks()).add_service(health()));
    served!(Server::builder().layer(webhooks()).add_optional_service(Some(health())));
    served!(Server::builder().layer(webhooks()).add_routes(Routes::new(health())));
}

#[tokio::test]
async fn server_layer_with_only_if() {
    let layer = webhooks().only_if(|head| head.uri.path().starts_with("/shop.Orders/"));
    served!(Server::builder().layer(layer).add_service(health()));
}

#[tokio::test]
async fn interceptors_on_either_side() {
    let interceptor = || InterceptorLayer::new(intercept);
    served!(Server::builder().layer(interceptor()).layer(webhooks()).add_service(health()));
    served!(Server::builder().layer(webhooks()).layer(interceptor()).add_service(health()));
    let both = ServiceBuilder::new().layer(interceptor()).layer(webhooks()).layer(interceptor()).into_inner();
    served!(Server::builder().layer(both).add_service(health()));
}

#[tokio::test]
async fn server_with_its_own_limits() {
    let server = Server::builder()
        .concurrency_limit_per_connection(8)
        .load_shed(true)
        .timeout(std::time::Duration::from_secs(60));
    served!(server.layer(webhooks()).add_service(health()));
}

#[tokio::test]
async fn named_layer() {
    served!(Server::builder().add_service(webhooks().named_layer(health())));
    let limited = ServiceBuilder::new().layer(ConcurrencyLimitLayer::new(8)).layer(webhooks()).into_inner();
    served!(Server::builder().add_service(limited.named_layer(health())));
}

#[tokio::test]
async fn a_single_service() {
    use tonic::service::interceptor::InterceptedService;

    served!(Server::builder().add_service(webhooks().layer(health())));
    let intercepted = InterceptedService::new(webhooks().layer(health()), intercept);
    served!(Server::builder().add_service(intercepted));
    let intercepted = InterceptedService::new(health(), intercept);
    served!(Server::builder().add_service(webhooks().layer(intercepted)));
    served!(Server::builder().layer(webhooks()).add_service(webhooks().layer(health())));
}

#[tokio::test]
async fn tower_https_layers_on_either_side() {
    macro_rules! on_either_side {
        ($layer:expr) => {
            served!(Server::builder().layer($layer).layer(webhooks()).add_service(health()));
            served!(Server::builder().layer(webhooks()).layer($layer).add_service(health()));
        };
    }
    let long = std::time::Duration::from_secs(60);
    on_either_side!(TraceLayer::new_for_grpc());
    on_either_side!(CorsLayer::permissive());
    on_either_side!(CatchPanicLayer::new());
    on_either_side!(CompressionLayer::new());
    on_either_side!(TimeoutLayer::with_status_code(http::StatusCode::SERVICE_UNAVAILABLE, long));
    on_either_side!(ConcurrencyLimitLayer::new(8));
}

#[tokio::test]
async fn routes_in_an_axum_router() {
    let app = Routes::new(health()).into_axum_router();
    let orders = post(async |axum::Extension(_): axum::Extension<Delivery>| ());
    // The layer only on the webhook's route, next to the gRPC service.
    assert_guarded(app.clone().route("/orders", orders.clone().layer(webhooks()))).await;
    // The layer on the whole router, restricted by `only_if`.
    let webhook = webhooks().only_if(|head| head.uri.path() == "/orders");
    assert_guarded(app.clone().route("/orders", orders.clone()).layer(webhook)).await;
    assert_guarded(app.merge(axum::Router::new().route("/orders", orders).layer(webhooks()))).await;
}

#[tokio::test]
async fn an_axum_router_in_routes() {
    let orders = post(async |axum::Extension(_): axum::Extension<Delivery>| ());
    let router = axum::Router::new().route("/orders", orders.layer(webhooks()));
    served!(Server::builder().accept_http1(true).add_routes(Routes::from(router.clone())));

    let mut routes = Routes::new(health());
    let inner = std::mem::take(routes.axum_router_mut());
    *routes.axum_router_mut() = inner.merge(router).route("/health", get(async || "healthy"));
    assert_guarded(routes.clone()).await;
    let request = Request::get("/health").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(routes.clone().oneshot(request).await.unwrap().status(), 200);
    served!(Server::builder().accept_http1(true).add_routes(routes));
}

#[tokio::test]
async fn routes_behind_the_layer() {
    let guarded = webhooks().layer(Routes::new(health()).prepare());
    // The method does not exist, so the routes respond with `UNIMPLEMENTED`, which shows that the layer verified the
    // request.
    let response = guarded.oneshot(signed("msg_1", "{}")).await.unwrap();
    assert_eq!(response.headers()["grpc-status"], "12");
}
