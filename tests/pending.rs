//! What the layer cannot do yet: each test fails until the API that it names is there.
#![cfg(feature = "axum")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{Body, Secret, WebhookLayer, provider, testing};

#[tokio::test(start_paused = true)]
#[ignore = "needs `on_rejection` to get the prepared response, before 0.1"]
async fn a_rejection_without_a_status_does_not_acknowledge_the_delivery() {
    let github = Arc::new(provider::github("s".parse::<Secret>().unwrap()));
    let layer = WebhookLayer::with_verifier(Arc::clone(&github))
        .handler_timeout(Duration::from_secs(60))
        .on_rejection(|rejection| Response::new(Bytes::from(rejection.to_string())));
    let service = layer.layer(service_fn(|_: Request<Body>| async {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    }));
    let delivery = testing::sign(&github, Request::post("/").body(Bytes::from("{}")).unwrap()).unwrap();
    let response = service.oneshot(delivery.map(Full::new)).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}
