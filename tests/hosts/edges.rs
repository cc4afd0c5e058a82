//! The few places where the layer does not fit as it stands, each with the line that makes it.

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

use crate::{
    assert_guarded,
    common::{Sent, signed},
    webhooks,
};

async fn on_order(_: Delivery) {}

async fn middleware(request: Request, next: Next) -> Response {
    next.run(request).await
}

/// `from_fn` takes axum's body alone.
mod from_fn_below_the_layer {
    use super::*;

    #[tokio::test]
    async fn in_a_layer_call_of_its_own() {
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
    async fn above_the_layer_it_fits_as_it_stands() {
        let stack = ServiceBuilder::new().layer(from_fn(middleware)).layer(webhooks());
        assert_guarded(Router::new().route("/orders", post(on_order)).layer(stack)).await;
    }
}

/// `option_layer` wants the same response with and without the layer.
#[tokio::test]
async fn a_layer_that_may_be_switched_off_is_one_that_is_asked() {
    let app = |verify: bool| {
        Router::new().route("/orders", post(async || ())).layer(webhooks().only_if(move |_| verify))
    };
    assert_guarded(app(true)).await;
    let off = app(false).oneshot(crate::post("{}")).await.unwrap();
    assert_eq!(off.status(), 200);
}

/// `axum::serve` takes axum's response body alone, and a whole router that is wrapped has another.
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

/// The layer takes any body, so `ready()` does not know which one is meant.
mod calling_the_service_in_a_test {
    use super::*;

    #[tokio::test]
    async fn with_oneshot() {
        let service = webhooks().layer(Router::new().route("/orders", post(on_order)));
        assert_eq!(service.oneshot(signed("msg_1", "{}")).await.unwrap().status(), 200);
    }

    #[tokio::test]
    async fn with_ready_when_it_is_said_for_which_request() {
        let mut service = webhooks().layer(Router::new().route("/orders", post(on_order)));
        let service = tower::ServiceExt::<Sent>::ready(&mut service).await.unwrap();
        assert_eq!(service.call(signed("msg_1", "{}")).await.unwrap().status(), 200);
    }
}

/// A layer whose errors are not `Infallible` cannot stand on an axum router by itself, with or
/// without ours; `HandleErrorLayer` goes above both.
#[tokio::test]
async fn a_fallible_layer_below_has_its_errors_handled_above() {
    let handled = axum::error_handling::HandleErrorLayer::new(async |_: tower::BoxError| ());
    let stack = ServiceBuilder::new().layer(handled).layer(webhooks()).timeout(Duration::from_secs(60));
    assert_guarded(Router::new().route("/orders", post(on_order)).layer(stack)).await;
}

#[test]
fn errors_stay_the_services_own() {
    fn error_of<S: Service<Sent, Error = Infallible>>(_: &S) {}
    error_of(&webhooks().layer(Router::new()));
}
