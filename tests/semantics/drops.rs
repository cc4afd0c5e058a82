//! Clients that hang up: the server drops the request's future, and the claim must still be settled.

use std::time::Duration;

use tower_webhook::{
    RejectionKind,
    store::{Claim, Store, Token},
    testing::{Fault, Operation},
};

use crate::support::{
    Act, Handler, faulty_store, hang_up, hang_up_during, layer, outlive_its_runtime, runtime, settle_down,
    signed,
};

#[tokio::test(start_paused = true)]
async fn during_the_handler_releases() {
    let handler = Handler::doing([Act::Hang]);
    let app = handler.under(&layer());
    hang_up_during(&app, signed("msg_1", "{}")).await;
    assert_eq!((handler.calls(), handler.running()), (1, 0));
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn during_the_claim_releases_a_claim_that_may_exist() {
    let store = faulty_store();
    let handler = Handler::default();
    let app = handler.under(&layer().dedupe(store.clone()));
    store.fail(Operation::Claim, Fault::ActAndHang);
    hang_up_during(&app, signed("msg_1", "{}")).await;
    assert_eq!((handler.calls(), store.calls(Operation::Release)), (0, 1));
    store.heal();
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn while_completing_completes() {
    let store = faulty_store();
    let handler = Handler::default();
    let app = handler.under(&layer().dedupe(store.clone()));
    store.fail(Operation::Complete, Fault::Hang);
    let call = app.start(signed("msg_1", "{}"));
    settle_down().await;
    assert_eq!(store.calls(Operation::Complete), 1);
    store.heal();
    hang_up(call).await;
    assert_eq!((store.calls(Operation::Complete), store.calls(Operation::Release)), (2, 0));
    app.send(signed("msg_1", "{}")).await.assert_duplicate();
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn while_releasing_releases() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Answer(500)]);
    let app = handler.under(&layer().dedupe(store.clone()));
    store.fail(Operation::Release, Fault::Hang);
    let call = app.start(signed("msg_1", "{}"));
    settle_down().await;
    store.heal();
    hang_up(call).await;
    assert_eq!(store.calls(Operation::Release), 2);
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_during_the_drop_is_retried_in_the_background() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Hang]);
    let app = handler.under(&layer().dedupe(store.clone()));
    store.fail(Operation::Release, Fault::Error);
    hang_up_during(&app, signed("msg_1", "{}")).await;
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    store.heal();
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[test]
fn after_the_runtime_is_dropped_a_memory_store_is_settled_in_place() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Hang]);
    let app = handler.under(&layer().dedupe(store.clone()));
    drop(outlive_its_runtime(&app, signed("msg_1", "{}")));
    assert_eq!((handler.running(), store.calls(Operation::Release)), (0, 1));
    let key = handler.last().dedupe_key().unwrap().clone();
    let claim = runtime().block_on(store.claim(&key, &Token::mint(), Duration::from_secs(1))).unwrap();
    assert!(matches!(claim, Claim::Acquired { .. }), "{claim:?}");
}

#[test]
fn after_the_runtime_is_dropped_a_store_that_cannot_settle_does_no_harm() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Hang; 3]);
    let app = handler.under(&layer().dedupe(store.clone()));
    for fault in [Fault::Error, Fault::Hang, Fault::Panic] {
        store.fail(Operation::Release, fault);
        drop(outlive_its_runtime(&app, signed(&format!("msg_{fault:?}"), "{}")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_while_the_handler_unwinds_does_not_abort() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Panic]);
    let app = handler.under(&layer().dedupe(store.clone()));
    store.fail(Operation::Release, Fault::Panic);
    let panicked = app.start(signed("msg_1", "{}")).await;
    assert!(panicked.unwrap_err().is_panic());
}
