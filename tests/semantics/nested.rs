//! Nested layers: the same layer twice, and different layers.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_webhook::{
    Body, Delivery, RejectionKind, StoreFailure, WebhookLayer, WebhookService,
    store::{Claim, Store, Token},
    testing::{Fault, Operation},
};

use crate::{
    sign::Sent,
    support::{
        Act, Answer, App, Handler, faulty_store, github_layer, github_signed, hang_up, layer, settle_down,
        signed,
    },
};

type Nested = App<WebhookService<WebhookService<Handler>>>;

fn nested(handler: &Handler, outer: &WebhookLayer, inner: &WebhookLayer) -> Nested {
    App(ServiceBuilder::new().layer(outer).layer(inner).service(handler.clone()))
}

/// Returns a delivery that is signed for both [`layer`] and [`github_layer`].
fn signed_twice(id: &str) -> Sent {
    let mut request = signed(id, "{}");
    request.headers_mut().extend(github_signed(id, "{}").headers().clone());
    request
}

#[tokio::test(start_paused = true)]
async fn a_layer_applied_twice_runs_each_delivery_once() {
    let (store, plain) = (faulty_store(), layer());
    let on_store = || layer().dedupe(store.clone());
    for [outer, inner] in [[plain.clone(), plain], [on_store(), on_store()]] {
        let handler = Handler::doing([Act::Sleep(Duration::from_secs(60))]);
        let app = nested(&handler, &outer, &inner);
        let first = app.send(signed("msg_1", "{}")).await;
        first.assert_handled();
        assert_eq!(first.body, "{}");
        assert!(handler.last().is_deduped());
        assert!(handler.last().fencing_token().is_some());
        app.send(signed("msg_1", "{}")).await.assert_duplicate();
        assert_eq!(handler.calls(), 1);
    }
    assert_eq!(store.calls(Operation::Complete), 1);
    assert_eq!(store.calls(Operation::Release), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_under_a_layer_applied_twice_releases_the_delivery() {
    let layer = layer().handler_timeout(Duration::from_secs(60));
    let handler = Handler::doing([Act::Answer(500), Act::Hang, Act::Panic]);
    let app = nested(&handler, &layer, &layer);
    assert_eq!(app.send(signed("msg_1", "{}")).await.status(), 500);
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::HandlerTimeout);
    app.start(signed("msg_1", "{}")).await.unwrap_err();
    app.send(signed("msg_1", "{}")).await.assert_handled();
    assert_eq!(handler.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn two_concurrent_duplicates_under_a_layer_applied_twice_run_once() {
    let layer = layer();
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(5))]);
    let app = nested(&handler, &layer, &layer);
    let first = app.start(signed("msg_1", "{}"));
    settle_down().await;
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    first.await.unwrap().assert_handled();
    assert_eq!(handler.calls(), 1);
}

/// If the inner layer also responded at the deadline, the outer layer would take that for a failure and release the
/// claim of a running handler.
#[tokio::test(start_paused = true)]
async fn a_slow_handler_under_a_layer_with_a_deadline_applied_twice_runs_once() {
    let layer = layer().ack_deadline(Duration::from_secs(8));
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(20))]);
    let app = nested(&handler, &layer, &layer);
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::AckDeadline);
    tokio::time::sleep(Duration::from_secs(5)).await;
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    layer.drain().finished().await;
    app.send(signed("msg_1", "{}")).await.assert_duplicate();
    assert_eq!(handler.calls(), 1);
}

/// The outer layer releases the claim when the client hangs up, so the handler must end then.
#[tokio::test(start_paused = true)]
async fn a_detached_layer_that_shares_the_claim_of_a_non_detached_layer_ends_with_its_request() {
    let outer = layer();
    let inner = outer.clone().detached();
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(5))]);
    let app = nested(&handler, &outer, &inner);
    let call = app.start(signed("msg_1", "{}"));
    settle_down().await;
    assert_eq!(handler.running(), 1);
    hang_up(call).await;
    assert_eq!(handler.running(), 0);
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

/// The outer layer's claim is in another store, so releasing it does not affect the inner layer's claim.
#[tokio::test(start_paused = true)]
async fn a_detached_layer_with_its_own_claim_outlives_its_request() {
    let outer = layer();
    let inner = layer().dedupe(faulty_store()).detached();
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(5))]);
    let app = nested(&handler, &outer, &inner);
    let call = app.start(signed("msg_1", "{}"));
    settle_down().await;
    hang_up(call).await;
    assert_eq!(handler.running(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_layer_applied_twice_with_another_between_runs_each_delivery_once() {
    let store = faulty_store();
    let (one, other) = (layer().dedupe(store.clone()), github_layer().dedupe(store));
    let handler = Handler::default();
    let app = App(one.layer(other.layer(one.layer(handler.clone()))));
    app.send(signed_twice("1")).await.assert_handled();
    app.send(signed_twice("1")).await.assert_duplicate();
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_inner_layers_replay_guard_works_under_the_outer_layers_claim() {
    let store = faulty_store();
    let handler = Handler::default();
    let outer = github_layer().dedupe(store.clone());
    let app = nested(&handler, &outer, &outer.clone().replay_guard());
    app.send(github_signed("id-1", "{}")).await.assert_handled();
    app.send(github_signed("id-2", "{}")).await.assert_duplicate();
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn equal_layers_with_separate_stores_both_remember() {
    let (outer, inner) = (layer(), layer().dedupe(faulty_store()));
    let handler = Handler::default();
    nested(&handler, &outer, &inner).send(signed("msg_1", "{}")).await.assert_handled();
    handler.under(&outer).send(signed("msg_1", "{}")).await.assert_duplicate();
    handler.under(&inner).send(signed("msg_1", "{}")).await.assert_duplicate();
}

/// The outer layer's store is in memory and only the inner layer's store is shared with the other replica.
#[tokio::test(start_paused = true)]
async fn the_claim_of_another_replica_is_not_mistaken_for_the_outer_layers() {
    let shared = faulty_store();
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(5))]);
    let replica = || nested(&handler, &layer(), &layer().dedupe(shared.clone()));
    let (one, other) = (replica(), replica());
    let first = one.start(signed("msg_1", "{}"));
    settle_down().await;
    other.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    assert_eq!(handler.calls(), 1);
    first.await.unwrap().assert_handled();
    other.send(signed("msg_1", "{}")).await.assert_duplicate();
    assert_eq!(handler.calls(), 1);
}

/// The service between the layers advances the time as if it had blocked its thread, so that no heartbeat extends the
/// lease.
#[tokio::test(start_paused = true)]
async fn a_claim_that_another_replica_took_from_the_outer_layer_is_not_shared() {
    let store = faulty_store();
    let layer = layer().dedupe(store.clone());
    let handler = Handler::default();
    let inner = layer.layer(handler.clone());
    let between = service_fn(move |request: Request<Body>| {
        let (inner, store) = (inner.clone(), store.clone());
        async move {
            let key = request.extensions().get::<Delivery>().and_then(Delivery::dedupe_key).unwrap().clone();
            tokio::time::advance(Duration::from_secs(31)).await;
            let other = store.claim(&key, &Token::mint(), Duration::from_secs(60)).await.unwrap();
            assert!(matches!(other, Claim::Acquired { .. }), "{other:?}");
            inner.oneshot(request).await
        }
    });
    let app = App(layer.layer(between));
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    assert_eq!(handler.calls(), 0);
}

/// GitHub never retries, so a 503 would lose the event.
#[tokio::test(start_paused = true)]
async fn a_claim_whose_response_the_outer_layer_did_not_get_does_not_block_the_inner_layer() {
    for fault in [Fault::ActAndHang, Fault::LoseAnswer] {
        let store = faulty_store();
        let layer = github_layer().dedupe(store.clone());
        let handler = Handler::default();
        store.fail_next(Operation::Claim, 1, fault);
        let app = nested(&handler, &layer, &layer);
        app.send(github_signed("1", "{}")).await.assert_handled();
        assert_eq!((handler.calls(), handler.last().is_deduped()), (1, false));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_confirm_the_claims_owner_has_failed() {
    for (on_failure, calls) in [(StoreFailure::Proceed, 1), (StoreFailure::Reject, 0)] {
        let store = faulty_store();
        let layer = github_layer().dedupe(store.clone()).on_store_failure(on_failure);
        let handler = Handler::default();
        store.fail(Operation::Extend, Fault::Error);
        let answer = nested(&handler, &layer, &layer).send(github_signed("1", "{}")).await;
        assert_eq!((answer.status(), handler.calls()), (if calls == 0 { 503 } else { 200 }, calls));
    }
}

#[tokio::test(start_paused = true)]
async fn the_inner_layers_shorter_lease_does_not_shorten_that_of_the_outer_layer() {
    let store = faulty_store();
    let outer = layer().dedupe(store.clone()).lease(Duration::from_secs(3600));
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(600))]);
    let app = nested(&handler, &outer, &outer.clone().lease(Duration::from_secs(30)));
    let first = app.start(signed("msg_1", "{}"));
    settle_down().await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    first.await.unwrap().assert_handled();
    assert_eq!(handler.calls(), 1);
}

/// The extensions may contain another request's delivery; its claim must not be shared.
#[tokio::test(start_paused = true)]
async fn only_the_claim_of_the_request_itself_is_shared() {
    let layer = layer();
    let handler = Handler::doing([Act::Answer(200), Act::Sleep(Duration::from_secs(5))]);
    let app = handler.under(&layer);
    app.send(signed("msg_1", "{}")).await.assert_handled();
    let other = handler.last();
    let running = app.start(signed("msg_2", "{}"));
    settle_down().await;
    let mut duplicate = signed("msg_2", "{}");
    duplicate.extensions_mut().insert(other);
    app.send(duplicate).await.assert_rejected(RejectionKind::InProgress);
    running.await.unwrap().assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_rejection_by_a_different_inner_layer_releases_the_outer_layers_claim() {
    let (outer, inner) = (layer(), github_layer());
    let handler = Handler::doing([Act::Answer(500)]);
    let app = nested(&handler, &outer, &inner);
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::MissingSignature);
    assert_eq!(handler.calls(), 0);
    assert_eq!(app.send(signed_twice("msg_1")).await.status(), 500);
    app.send(signed_twice("msg_1")).await.assert_handled();
    app.send(signed_twice("msg_1")).await.assert_duplicate();
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_never_completes_the_claim_of_a_layer_above() {
    for outer in [github_layer(), github_layer().complete_when(|_| true)] {
        let handler = Handler::doing([Act::Hang]);
        let inner = layer()
            .handler_timeout(Duration::from_secs(1))
            .on_rejection(|_, _| Response::new(Bytes::from_static(b"fine")));
        let app = nested(&handler, &outer, &inner);
        app.send(signed_twice("1")).await.assert_rejected(RejectionKind::HandlerTimeout);
        app.send(signed_twice("1")).await.assert_handled();
        assert_eq!(handler.calls(), 2);
    }
}

/// The nearest layer rejects a payload that the handler cannot decode; the layer above does not reject or report it
/// again.
#[tokio::test(start_paused = true)]
async fn the_inner_layer_rejects_a_payload_that_the_handler_cannot_decode() {
    use axum::handler::HandlerWithoutStateExt;
    use tower_webhook::{HandlerEnd, Payload, Settlement, testing::Outcomes};

    let (outer_outcomes, inner_outcomes) = (Outcomes::new(), Outcomes::new());
    for outer in [github_layer(), github_layer().complete_when(|_| true), github_layer().detached()] {
        let outer = outer
            .rejections_as_problem_json()
            .on_rejection(|_, _| panic!("the rejection belongs to the inner layer"))
            .on_outcome(outer_outcomes.listener());
        let inner = layer()
            .on_rejection(|_, response| response.map(|_| Bytes::from_static(b"the inner layer's")))
            .on_outcome(inner_outcomes.listener());
        let app = outer.layer(inner.layer((async |_: Payload<u8>| ()).into_service()));
        for _ in 0..2 {
            let response = app.clone().oneshot(signed_twice("1")).await.unwrap();
            let (head, body) = response.into_parts();
            let answer = Answer { head, body: body.collect().await.unwrap().to_bytes() };
            answer.assert_rejected(RejectionKind::Undecodable);
            assert_eq!(answer.body, "the inner layer's");
            let [outer, inner] = [outer_outcomes.next().await, inner_outcomes.next().await];
            assert_eq!(inner.rejection().map(|rejection| rejection.kind()), Some(RejectionKind::Undecodable));
            assert!(outer.rejection().is_none());
            for outcome in [outer, inner] {
                assert_eq!(
                    (outcome.handler(), outcome.settlement()),
                    (Some(HandlerEnd::Failed), Some(Settlement::Released))
                );
            }
        }
    }
}
