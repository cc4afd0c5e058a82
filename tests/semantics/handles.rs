//! Claim handles, with which a handler can complete its claim outside of the layer.

use std::time::Duration;

use tokio::task::JoinHandle;
use tower::Layer;
use tower_webhook::{
    Delivery, Item, StoreFailure, WebhookLayer,
    store::{Claim, ClaimHandle, Store, Token},
    testing::{Fault, Operation},
};

use crate::{
    sign::Sent,
    support::{
        Act, Answer, App, Handler, faulty_store, github_layer, github_signed, hang_up, layer, settle_down,
        signed, without_header,
    },
};

const LEASE: Duration = Duration::from_secs(30);

/// Sends the request, and returns its delivery while the handler runs, and the task that awaits the response.
async fn running(layers: &[&WebhookLayer], request: Sent) -> (Delivery, JoinHandle<Answer>) {
    let handler = Handler::doing([Act::Sleep(LEASE * 3)]);
    let answer = match layers {
        [layer] => handler.under(layer).start(request),
        [outer, inner] => App(outer.layer(inner.layer(handler.clone()))).start(request),
        _ => unreachable!(),
    };
    settle_down().await;
    (handler.last(), answer)
}

async fn complete(store: &impl Store, handle: &ClaimHandle) -> Vec<bool> {
    let mut completed = Vec::new();
    for (key, token) in handle.claims() {
        completed.push(store.complete(key, token, handle.window()).await.unwrap());
    }
    completed
}

#[tokio::test(start_paused = true)]
async fn a_store_completes_the_claim_with_its_handle() {
    let store = faulty_store();
    let layer = layer().dedupe(store.clone()).dedupe_window(Duration::from_secs(1_000));
    let (delivery, answer) = running(&[&layer], signed("msg_1", "{}")).await;
    let handle = delivery.claim_handle().unwrap();
    assert_eq!((Some(handle.key()), handle.window()), (delivery.dedupe_key(), Duration::from_secs(1_000)));
    assert!(store.extend(handle.key(), handle.token(), LEASE).await.unwrap());
    assert_eq!(complete(&store, &handle).await, [true]);
    // Cancelling the handler afterwards does not release the completed claim.
    hang_up(answer).await;
    let handler = Handler::default();
    handler.under(&layer).send(signed("msg_1", "{}")).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn a_handle_includes_the_claim_on_the_body() {
    let store = faulty_store();
    let layer = github_layer().dedupe(store.clone()).replay_guard();
    let (delivery, answer) = running(&[&layer], github_signed("1", "{}")).await;
    let handle = delivery.claim_handle().unwrap();
    let keys: Vec<_> = handle.claims().map(|(key, _)| key.clone()).collect();
    assert_eq!(keys, [delivery.dedupe_key().unwrap().clone(), delivery.replay_key().unwrap()]);
    for (key, token) in handle.claims() {
        assert!(store.extend(key, token, LEASE).await.unwrap(), "{key}");
    }
    answer.await.unwrap().assert_handled();
}

/// Without an id, the deduplication key is the replay key of the body, so there is only one claim.
#[tokio::test(start_paused = true)]
async fn a_delivery_without_an_id_has_one_claim() {
    let layer = github_layer().replay_guard();
    let request = without_header("x-github-delivery", github_signed("1", "{}"));
    let (delivery, answer) = running(&[&layer], request).await;
    assert_eq!(delivery.claim_handle().unwrap().claims().count(), 1);
    answer.await.unwrap().assert_handled();
}

#[tokio::test(start_paused = true)]
async fn under_a_shared_claim_the_handle_has_the_owners_token() {
    let store = faulty_store();
    let plain = github_layer().dedupe(store.clone());
    let guarded = plain.clone().replay_guard();
    for (n, [outer, inner]) in
        [[&plain, &plain], [&guarded, &guarded], [&plain, &guarded]].into_iter().enumerate()
    {
        let body = format!(r#"{{"n":{n}}}"#);
        let (delivery, answer) = running(&[outer, inner], github_signed(&body, &body)).await;
        let handle = delivery.claim_handle().unwrap();
        for (key, token) in handle.claims() {
            assert!(store.extend(key, token, LEASE).await.unwrap(), "{n}: {key}");
        }
        answer.await.unwrap().assert_handled();
    }
}

#[tokio::test(start_paused = true)]
async fn two_stores_in_nested_layers_have_claims_of_their_own() {
    let [outer, inner] = [faulty_store(), faulty_store()];
    let layers = [&outer, &inner].map(|store| layer().dedupe(store.clone()));
    let (delivery, answer) = running(&[&layers[0], &layers[1]], signed("msg_1", "{}")).await;
    let handle = delivery.claim_handle().unwrap();
    assert!(inner.extend(handle.key(), handle.token(), LEASE).await.unwrap());
    assert!(!outer.extend(handle.key(), handle.token(), LEASE).await.unwrap());
    answer.await.unwrap().assert_handled();
}

#[tokio::test(start_paused = true)]
async fn without_a_claim_there_is_no_handle() {
    let store = faulty_store();
    store.fail(Operation::Claim, Fault::Error);
    for layer in [
        layer().without_dedupe(),
        layer().dedupe_by(|_, _| None),
        layer().dedupe(store.clone()).on_store_failure(StoreFailure::Proceed),
    ] {
        let (delivery, answer) = running(&[&layer], signed("msg_1", "{}")).await;
        assert!(delivery.claim_handle().is_none());
        let Ok(Item::Claimed(item)) = delivery.claim_item("").await else { panic!() };
        assert!(item.handle().is_none());
        answer.await.unwrap().assert_handled();
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_claim_is_not_completed_with_its_handle() {
    let store = faulty_store();
    let layer = layer().dedupe(store.clone());
    let (delivery, answer) = running(&[&layer], signed("msg_1", "{}")).await;
    let handle = delivery.claim_handle().unwrap();
    store.fail(Operation::Extend, Fault::Error);
    tokio::time::sleep(LEASE * 2).await;
    store.heal();
    let newcomer = store.claim(handle.key(), &Token::mint(), LEASE).await.unwrap();
    assert!(matches!(newcomer, Claim::Acquired { .. }), "{newcomer:?}");
    assert_eq!(complete(&store, &handle).await, [false]);
    answer.await.unwrap().assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_store_completes_an_item_with_its_handle() {
    let store = faulty_store();
    let layer = layer().dedupe(store.clone());
    let handler = Handler::default();
    handler.under(&layer).send(signed("msg_1", "{}")).await.assert_handled();
    let delivery = handler.last();
    let Ok(Item::Claimed(item)) = delivery.claim_item("a").await else { panic!() };
    let handle = item.handle().unwrap();
    assert_eq!(Some(handle.key().clone()), delivery.item_key("a"));
    let failed = item
        .run(async {
            assert_eq!(complete(&store, &handle).await, [true]);
            Err::<(), _>("failure after the commit")
        })
        .await;
    assert_eq!(failed, Err("failure after the commit"));
    settle_down().await;
    assert!(matches!(delivery.claim_item("a").await, Ok(Item::Duplicate)));
}

#[tokio::test(start_paused = true)]
async fn a_handle_shows_its_keys_and_not_its_token() {
    let (delivery, answer) = running(&[&layer()], signed("msg_1", "{}")).await;
    let handle = delivery.claim_handle().unwrap();
    let shown = format!("{handle:?}");
    assert!(shown.contains("msg_1") && !shown.contains(&handle.token().to_string()), "{shown}");
    answer.await.unwrap().assert_handled();
}
