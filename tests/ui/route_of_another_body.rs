//~ E0277|E0631|E0271
//~ tower_webhook::Body
use std::convert::Infallible;

use http::{Request, Response};
use tower::service_fn;
use tower_webhook::EventRouter;

async fn on_push(_: Request<axum::body::Body>) -> Result<Response<String>, Infallible> {
    Ok(Response::new("handled".to_owned()))
}

fn main() {
    let _ = EventRouter::new().on("push", service_fn(on_push));
}
