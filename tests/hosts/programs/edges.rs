//! The few places where the layer needs an adapter, each with that adapter.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
    routing::post,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_http::{
    map_request_body::MapRequestBodyLayer, map_response_body::MapResponseBodyLayer,
    normalize_path::NormalizePathLayer,
};
use tower_webhook::Delivery;

use super::{assert_guarded, webhooks};
use crate::common::{Sent, signed};

async fn on_order(_: Delivery) {}

async fn middleware(request: Request, next: Next) -> Response {
    next.run(request).await
}

/// `from_fn` accepts only axum's body.
mod from_fn_below_the_layer {
    use super::*;

    #[tokio::test]
    async fn in_a_separate_layer_call() {
        let app = Router::new().route("/orders", post(on_order)).layer(from_fn(middleware)).layer(webhooks());
        assert_guarded(app).await;
    }

    #[tokio::test]
    async fn in_the_same_builder_with_the_body_mapped() {
        let stack = ServiceBuilder::new()
            .layer(webhooks())
            .layer(MapRequestBodyLayer::new(Body::new))
            .layer(from_fn(middleware));
        assert_guarded(Router::new().route("/orders", post(on_order)).layer(stack)).await;
    }

    #[tokio::test]
    async fn above_the_layer_without_an_adapter() {
        let stack = ServiceBuilder::new().layer(from_fn(middleware)).layer(webhooks());
        assert_guarded(Router::new().route("/orders", post(on_order)).layer(stack)).await;
    }
}

/// `option_layer` requires the same response type with and without the layer.
#[tokio::test]
async fn a_layer_can_be_switched_off_with_only_if() {
    let app = |verify: bool| {
        Router::new().route("/orders", post(async || ())).layer(webhooks().only_if(move |_| verify))
    };
    assert_guarded(app(true)).await;
    let off = app(false).oneshot(crate::common::post("{}")).await.unwrap();
    assert_eq!(off.status(), 200);
}

/// `axum::serve` accepts only axum's response body, but a wrapped router has another body type.
#[tokio::test]
async fn a_whole_router_behind_the_layer_is_served_with_its_response_body_mapped() {
    let router = Router::new().route("/orders", post(on_order));
    let app = ServiceBuilder::new()
        .layer(MapResponseBodyLayer::new(Body::new))
        .layer(NormalizePathLayer::trim_trailing_slash())
        .layer(webhooks())
        .service(router);
    assert_guarded(app.clone()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _ = axum::serve(listener, axum::ServiceExt::<Request>::into_make_service(app));
}

/// The layer accepts any body, so `ready()` cannot infer the type of the body.
#[tokio::test]
async fn ready_needs_the_type_of_the_request() {
    let mut service = webhooks().layer(Router::new().route("/orders", post(on_order)));
    let service = tower::ServiceExt::<Sent>::ready(&mut service).await.unwrap();
    assert_eq!(service.call(signed("msg_1", "{}")).await.unwrap().status(), 200);
}

/// An axum router does not accept a layer whose errors are not `Infallible`. `HandleErrorLayer` goes above that layer
/// and the webhook layer.
#[tokio::test]
async fn a_fallible_layer_below_has_its_errors_handled_above() {
    let handled = axum::error_handling::HandleErrorLayer::new(async |_: tower::BoxError| ());
    let stack = ServiceBuilder::new().layer(handled).layer(webhooks()).timeout(Duration::from_secs(60));
    assert_guarded(Router::new().route("/orders", post(on_order)).layer(stack)).await;
}

#[test]
fn the_layer_keeps_the_error_type_of_the_service() {
    fn error_of<S: Service<Sent, Error = Infallible>>(_: &S) {}
    error_of(&webhooks().layer(Router::new()));
}
