//! Verification without the layer has the same results as with it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, ManualClock, Rejection, RejectionKind, WebhookLayer,
    verify::{self, RequestContext, Verified, Verifier},
};

use crate::vectors::{Vector, request, vectors, verifier};

/// The facts about a delivery that a handler sees.
type Facts = (Option<String>, Option<String>, Option<std::time::SystemTime>, usize, Bytes);

#[tokio::test]
async fn verification_without_the_layer_has_the_results_of_the_layer() {
    let mut judged = 0;
    for vector in &vectors() {
        let Ok(verifier) = verifier(vector) else { continue };
        let verifier = Arc::new(verifier);
        let (head, body) = request(vector).into_parts();
        let now = UNIX_EPOCH + Duration::from_secs(vector.now_unix.into());
        let context = RequestContext::new(&head).at(now);
        let context = if vector.needs_public_url() { context.public_url(&vector.url) } else { context };
        let is_handshake = verifier.handshake(&context).is_some();
        let alone = verify::verify_in(&verifier, &context, &body).await;
        let alone = alone.map(|verified| facts(&verified, &body)).map_err(|error| error.kind());
        let behind = behind_layer(vector, Arc::clone(&verifier)).await;
        let Some(behind) = behind.filter(|_| !is_handshake) else { continue };
        assert_eq!(alone, behind, "{}", vector.id);
        judged += 1;
    }
    assert!(judged >= 1000, "only {judged} vectors were judged");
}

fn facts(verified: &Verified, body: &Bytes) -> Facts {
    let payload = verified.payload().unwrap_or(body).clone();
    let text = |text: Option<&str>| text.map(str::to_owned);
    (text(verified.id()), text(verified.event_type()), verified.timestamp(), verified.secret_index(), payload)
}

/// Returns what the layer passes to its handler; `None` for a signed handshake.
async fn behind_layer(vector: &Vector, verifier: impl Verifier) -> Option<Result<Facts, RejectionKind>> {
    let seen = Arc::new(Mutex::new(None));
    let note = Arc::clone(&seen);
    let layer = WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(vector.now_unix));
    let layer = if vector.needs_public_url() { layer.public_url(&vector.url) } else { layer };
    let service = layer.layer(service_fn(move |request: Request<Body>| {
        let delivery = request.extensions().get::<Delivery>().unwrap();
        let text = |text: Option<&str>| text.map(str::to_owned);
        *note.lock().unwrap() = Some((
            text(delivery.id()),
            text(delivery.event_type()),
            delivery.timestamp(),
            delivery.secret_index(),
            delivery.payload().clone(),
        ));
        async { Ok::<_, BoxError>(Response::new(Full::<Bytes>::default())) }
    }));
    let response = service.oneshot(request(vector).map(Full::new)).await.unwrap();
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Some(Err(rejection.kind())),
        None => seen.lock().unwrap().take().map(Ok),
    }
}
