//~ E0271
//~ Response<axum::body::Body>
//~ Response<String>
use std::convert::Infallible;

use axum::handler::HandlerWithoutStateExt;
use http::{Request, Response};
use tower::service_fn;
use tower_webhook::{Body, EventRouter};

async fn on_push() {}

async fn on_issue(_: Request<Body>) -> Result<Response<String>, Infallible> {
    Ok(Response::new("handled".to_owned()))
}

fn main() {
    let _ = EventRouter::new().on("push", on_push.into_service()).on("issues", service_fn(on_issue));
}
