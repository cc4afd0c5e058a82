//~ E0271|E0308
//~ Response<Bytes>
use axum::response::IntoResponse;
use tower_webhook::{Secret, WebhookLayer};

fn main() {
    let secret: Secret = "a secret".parse().unwrap();
    let _ = WebhookLayer::new(secret).on_rejection(|rejection, _| (rejection.status(), "rejected").into_response());
}
