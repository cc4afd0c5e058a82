//~ E0277
//~ {on_push}` is not a service that an `EventRouter` can call
//~ {on_issue}` is not a service that an `EventRouter` can call
//~ a handler becomes a service with `on_push.with_state(state)` or, without state, `on_push.into_service()`
use axum::{Router, extract::State, routing::post_service};
use tower_webhook::{Delivery, EventRouter, Secret, WebhookLayer};

async fn on_push(State(_): State<u8>, _: Delivery) {}

async fn on_issue(_: Delivery) {}

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let events = EventRouter::new().on("push", on_push).fallback(on_issue);
    let _: Router = Router::new().route("/github", post_service(events).layer(WebhookLayer::new(secret)));
}
