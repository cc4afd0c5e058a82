//~ E0277|E0599
//~ Database: Clone
use std::convert::Infallible;

use http::{Request, Response};
use tower::{Layer, service_fn};
use tower_webhook::{Body, Secret, WebhookLayer};

struct Database;

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let database = Database;
    let handler = service_fn(move |_: Request<Body>| {
        let _ = &database;
        async { Ok::<_, Infallible>(Response::new(String::new())) }
    });
    let service = WebhookLayer::new(secret).layer(handler);
    let _: axum::Router = axum::Router::new().route_service("/webhook", service);
}
