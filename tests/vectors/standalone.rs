//! Verification without the layer has the same results as with it.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use tower_webhook::{
    Delivery, ManualClock, Rejection, RejectionKind, WebhookLayer,
    verify::{self, RequestContext, Verifier},
};

use crate::{Vector, request, send, vectors, verifier};

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
        let alone = alone.map_err(|error| error.kind()).map(|verified| {
            let payload = verified.payload().unwrap_or(&body).clone();
            let (id, event_type) = (verified.id().map(Into::into), verified.event_type().map(Into::into));
            (id, event_type, verified.timestamp(), verified.secret_index(), payload)
        });
        let behind = behind_layer(vector, Arc::clone(&verifier)).await;
        let Some(behind) = behind.filter(|_| !is_handshake) else { continue };
        assert_eq!(alone, behind, "{}", vector.id);
        judged += 1;
    }
    assert!(judged >= 1000, "only {judged} vectors were judged");
}

/// Returns what the layer passes to its handler; `None` for a signed handshake.
async fn behind_layer(vector: &Vector, verifier: impl Verifier) -> Option<Result<Facts, RejectionKind>> {
    let layer = WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(vector.now_unix));
    let layer = if vector.needs_public_url() { layer.public_url(&vector.url) } else { layer };
    let response = send(layer, request(vector)).await;
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Some(Err(rejection.kind())),
        None => response.extensions().get().map(|delivery: &Delivery| {
            let (id, event_type) = (delivery.id().map(Into::into), delivery.event_type().map(Into::into));
            let payload = delivery.payload().clone();
            Ok((id, event_type, delivery.timestamp(), delivery.secret_index(), payload))
        }),
    }
}
