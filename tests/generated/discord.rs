//! A delivery of Discord, recorded by the webhook inspector.
//!
//! ```toml
//! [dev-dependencies]
//! axum = "0.8"
//! tokio = { version = "1", features = ["macros", "rt"] }
//! tower = { version = "0.5", features = ["util"] }
//! tower-webhook = { version = "0.1", features = ["asymmetric", "axum", "test-util"] }
//! ```

use std::error::Error;

use axum::{
    Router,
    body::{Body, Bytes},
    http::StatusCode,
    routing::post,
};
use tower::ServiceExt;
use tower_webhook::{Delivery, WebhookLayer, provider, testing, verify::Algorithm};

/// The payload as it was received. The test signs it with a secret of its own.
const PAYLOAD: &[u8] = b"{\"id\": \"1\", \"type\": 2, \"data\": {\"name\": \"\xe2\x80\xae\"}}";

/// Replace this handler with your own.
async fn handler(delivery: Delivery) -> StatusCode {
    println!("{:?} {:?}", delivery.id(), delivery.event_type());
    StatusCode::OK
}

#[tokio::test]
async fn discord_2() -> Result<(), Box<dyn Error>> {
    let secret = testing::key_pair(Algorithm::Ed25519)?;
    let verifier = provider::find("discord").ok_or("unknown provider")?.verifier(secret)?;
    let layer = WebhookLayer::with_verifier(verifier.clone());
    let app = Router::new().route("/webhook", post(handler).layer(layer));

    let delivery = testing::post(&verifier, "/webhook")
        .header("content-type", "application/json")
        .body::<Bytes>(PAYLOAD)?;
    let response = app.clone().oneshot(delivery.clone().map(Body::from)).await?;
    assert_eq!(response.status(), StatusCode::OK);

    // The provider sends the delivery again: it is a duplicate, and the handler is not called.
    let response = app.oneshot(delivery.map(Body::from)).await?;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-webhook-duplicate"], "true");
    Ok(())
}
