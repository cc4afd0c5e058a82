//! Programs that must compile without type annotations for the layer. They use the layer in every way with axum, tonic
//! and hyper, and above and below the layers of tower-http and tower. A few requests to each program show that the
//! layer is in place.

mod auto_traits;
mod axum;
mod edges;
mod hyper;
mod stacks;
mod tonic;
mod tower_http;

use std::fmt::Debug;

use http::{Request, Response, StatusCode};
use http_body::Body as HttpBody;
use tower::{Service, ServiceExt};
use tower_webhook::{ManualClock, WebhookLayer};

use crate::common::{NOW, Sent, post, secret, signed};

fn webhooks() -> WebhookLayer {
    WebhookLayer::new(secret()).clock(ManualClock::at_unix(NOW))
}

/// Asserts that a signed delivery is handled, and that a duplicate and an unsigned request are not.
async fn assert_guarded<S, R>(service: S)
where
    S: Service<Sent, Response = Response<R>, Error: Debug> + Clone,
    R: HttpBody,
{
    assert_guarded_in(service, |request| request).await;
}

/// Asserts the same as [`assert_guarded`], for a service with another request body.
async fn assert_guarded_in<S, B, R>(service: S, adapt: impl Fn(Sent) -> Request<B>)
where
    S: Service<Request<B>, Response = Response<R>, Error: Debug> + Clone,
    R: HttpBody,
{
    let send = async |request| service.clone().oneshot(adapt(request)).await.unwrap();
    let handled = send(signed("msg_1", "{}")).await;
    assert_eq!(handled.status(), StatusCode::OK);
    assert!(!handled.headers().contains_key("x-webhook-duplicate"));
    let copy = send(signed("msg_1", "{}")).await;
    assert_eq!(copy.status(), StatusCode::OK);
    assert_eq!(copy.headers()["x-webhook-duplicate"], "true");
    assert_eq!(send(post("{}")).await.status(), StatusCode::UNAUTHORIZED);
}
