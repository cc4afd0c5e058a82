//! A delivery of Linear, recorded by the webhook inspector.
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
use tower_webhook::{Clock, Delivery, Secret, WebhookLayer, provider, testing};

/// The payload as it was received. The test signs it with a secret of its own.
const PAYLOAD: &str = r##"{"type": "Issue",
 "webhookTimestamp": 1700000000000, "note": "a \"#quoted\"# text"}"##;

/// Replace this handler with your own.
async fn handler(delivery: Delivery) -> StatusCode {
    println!("{:?} {:?}", delivery.id(), delivery.event_type());
    StatusCode::OK
}

#[tokio::test]
async fn linear_issue() -> Result<(), Box<dyn Error>> {
    let secret = "74686520736563726574206f66207468652067656e6572617465642074657374".parse::<Secret>()?;
    let verifier = provider::find("linear").ok_or("unknown provider")?.verifier(secret)?;
    let clock = testing::ManualClock::at_unix(1700000000);
    let layer = WebhookLayer::with_verifier(verifier.clone()).clock(clock.clone());
    let app = Router::new().route("/webhook", post(handler).layer(layer));

    let delivery = testing::post(&verifier, "/webhook")
        .at(clock.now())
        .header("content-type", "application/json")
        .header("linear-delivery", "234d1a4e-b617-4388-90fe-adc3633d6b72")
        .body::<Bytes>(PAYLOAD)?;
    let response = app.clone().oneshot(delivery.clone().map(Body::from)).await?;
    assert_eq!(response.status(), StatusCode::OK);

    // The provider sends the delivery again: it is a duplicate, and the handler is not called.
    let response = app.oneshot(delivery.map(Body::from)).await?;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-webhook-duplicate"], "true");
    Ok(())
}
