//! A delivery of GitHub, recorded by the webhook inspector.
//!
//! ```toml
//! [dev-dependencies]
//! axum = "0.8"
//! tokio = { version = "1", features = ["macros", "rt"] }
//! tower = { version = "0.5", features = ["util"] }
//! tower-webhook = { version = "0.1", features = ["axum", "test-util"] }
//! ```

use std::error::Error;

use axum::{
    Router,
    body::{Body, Bytes},
    http::StatusCode,
    routing::post,
};
use tower::ServiceExt;
use tower_webhook::{Delivery, Secret, WebhookLayer, provider, testing};

/// The payload as it was received. The test signs it with a secret of its own.
const PAYLOAD: &str = r#"{"ref": "refs/heads/main"}"#;

/// Replace this handler with your own.
async fn handler(delivery: Delivery) -> StatusCode {
    println!("{:?} {:?}", delivery.id(), delivery.event_type());
    StatusCode::OK
}

#[tokio::test]
async fn github_push() -> Result<(), Box<dyn Error>> {
    let secret = "74686520736563726574206f66207468652067656e6572617465642074657374".parse::<Secret>()?;
    let verifier = provider::find("github").ok_or("unknown provider")?.verifier(secret)?;
    let layer = WebhookLayer::with_verifier(verifier.clone());
    let app = Router::new().route("/webhook", post(handler).layer(layer));

    let delivery = testing::post(&verifier, "/webhook")
        .header("content-type", "application/json")
        .header("x-github-event", "push")
        .header("x-github-delivery", "0b989ba4-242f-11e5-81e1-c7b6966d2516")
        .body::<Bytes>(PAYLOAD)?;
    let response = app.clone().oneshot(delivery.clone().map(Body::from)).await?;
    assert_eq!(response.status(), StatusCode::OK);

    // The provider sends the delivery again: it is a duplicate, and the handler is not called.
    let response = app.oneshot(delivery.map(Body::from)).await?;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-webhook-duplicate"], "true");
    Ok(())
}
