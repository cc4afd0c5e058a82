//~ E0277|E0599|E0631|E0271
//~ axum::body::Body
//~ tower_webhook::Body
use std::convert::Infallible;

use http::{Request, Response};
use tower::{Layer, service_fn};
use tower_webhook::{Secret, WebhookLayer};

async fn handle(_: Request<axum::body::Body>) -> Result<Response<String>, Infallible> {
    Ok(Response::new("handled".to_owned()))
}

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let service = WebhookLayer::new(secret).layer(service_fn(handle));
    let _: axum::Router = axum::Router::new().route_service("/webhook", service);
}
