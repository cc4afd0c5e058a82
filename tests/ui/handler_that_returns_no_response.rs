//~ E0271|E0277|E0599
//~ String
//~ Response<
use std::convert::Infallible;

use http::Request;
use tower::{Layer, service_fn};
use tower_webhook::{Body, Secret, WebhookLayer};

async fn handle(_: Request<Body>) -> Result<String, Infallible> {
    Ok("handled".to_owned())
}

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let service = WebhookLayer::new(secret).layer(service_fn(handle));
    let _: axum::Router = axum::Router::new().route_service("/webhook", service);
}
