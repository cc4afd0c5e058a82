//! Processing of deliveries: the cases of `tests/semantics` that depend on the store.

use std::time::Duration;

use http::StatusCode;
use tower_webhook::{
    ManualClock, RejectionKind, Secret, Settlement, WebhookLayer, provider,
    store::{CachedStore, Store},
};

use super::{
    StoreServer,
    replica::{Replica, layer, signed},
};
use crate::{
    common::{Call, NOW, github, outcomes, soon},
    server::until,
};

pub async fn a_delivery_takes_two_calls_and_a_duplicate_one<S: StoreServer>() {
    let server = S::start().await;
    let mut replica = Replica::new(layer(server.store().await));
    // Redis loads its scripts.
    replica.handle("handled").await;
    replica.answer(signed("failed"), StatusCode::BAD_GATEWAY).await;

    let before = server.calls().await;
    for n in 0..10 {
        replica.handle(&format!("msg_{n}")).await;
    }
    assert_eq!(server.calls().await, before + 20);
    for n in 0..10 {
        replica.send(signed(&format!("msg_{n}"))).await.assert_duplicate();
    }
    assert_eq!(server.calls().await, before + 30);
    replica.answer(signed("failed"), StatusCode::BAD_GATEWAY).await;
    assert_eq!(server.calls().await, before + 32);
    let running = replica.begin(signed("running"));
    let call = replica.call().await;
    replica.send(signed("running")).await.assert_in_progress();
    call.answer(StatusCode::OK);
    soon(running).await.unwrap();
    assert_eq!(server.calls().await, before + 35);
}

pub async fn a_cached_duplicate_takes_no_call<S: StoreServer>() {
    let server = S::start().await;
    let clock = ManualClock::at_unix(NOW);
    let cached = |store| CachedStore::new(store, 1000).clock(clock.clone());
    let mut one = Replica::new(layer(cached(server.store().await)));
    let other = Replica::new(layer(cached(server.store().await)));
    one.handle("msg_1").await;

    let before = server.calls().await;
    one.send(signed("msg_1")).await.assert_duplicate();
    assert_eq!(server.calls().await, before);
    // The other replica's cache learns of the delivery from the first duplicate.
    for _ in 0..3 {
        other.send(signed("msg_1")).await.assert_duplicate();
    }
    assert_eq!(server.calls().await, before + 1);
    clock.advance(Duration::from_secs(61));
    one.send(signed("msg_1")).await.assert_duplicate();
    assert_eq!(server.calls().await, before + 2);
}

pub async fn a_delivery_handled_by_one_replica_is_a_duplicate_for_all<S: StoreServer>() {
    let server = S::start().await;
    let mut one = Replica::new(layer(server.store().await));
    let other = Replica::new(layer(server.store().await));
    let running = one.begin(signed("msg_1"));
    let call = one.call().await;
    other.send(signed("msg_1")).await.assert_in_progress();
    call.answer(StatusCode::OK);
    assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::OK);
    for replica in [&one, &other] {
        replica.send(signed("msg_1")).await.assert_duplicate();
        assert!(replica.is_idle());
    }
}

pub async fn another_replica_handles_a_delivery_after_a_failure<S: StoreServer>() {
    let server = S::start().await;
    let mut one = Replica::new(layer(server.store().await));
    let mut other = Replica::new(layer(server.store().await));
    let mut last = 0;
    for status in [300, 401, 409, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let (delivery, _) = one.answer(signed("msg_1"), status).await;
        assert!(delivery.fencing_token().unwrap() > last);
        last = delivery.fencing_token().unwrap();
    }
    let delivery = other.handle("msg_1").await;
    assert!(delivery.is_deduped() && delivery.fencing_token().unwrap() > last);
    one.send(signed("msg_1")).await.assert_duplicate();
}

pub async fn one_of_many_duplicates_at_many_replicas_runs<S: StoreServer>() {
    let server = S::start().await;
    let (tell, mut outcomes) = outcomes();
    let layer = layer(server.store().await).on_outcome(tell);
    let mut replicas: Vec<_> = (0..8).map(|_| Replica::new(layer.clone())).collect();
    let duplicates: Vec<_> = (0..64).map(|n| replicas[n % replicas.len()].begin(signed("msg_1"))).collect();
    for _ in 0..63 {
        let outcome = outcomes.next().await;
        assert_eq!(outcome.rejection().map(|it| it.kind()), Some(RejectionKind::InProgress));
    }
    let mut calls = 0;
    for replica in &mut replicas {
        if !replica.is_idle() {
            replica.call().await.answer(StatusCode::OK);
            calls += 1;
        }
    }
    assert_eq!(calls, 1);
    assert_eq!(outcomes.next().await.settlement(), Some(Settlement::Completed));
    for duplicate in duplicates {
        soon(duplicate).await.unwrap();
    }
}

pub async fn a_client_that_hangs_up_during_the_handler_releases_the_claim<S: StoreServer>() {
    let server = S::start().await;
    let mut replica = Replica::new(layer(server.store().await));
    let leaving = replica.begin(signed("msg_1"));
    let mut call = replica.call().await;
    leaving.abort();
    call.dropped().await;
    replica.handle_in_time("msg_1").await;
}

pub async fn a_client_that_hangs_up_during_the_claim_releases_the_claim<S: StoreServer>() {
    let server = S::start().await;
    let mut replica = Replica::new(layer(server.store().await));
    let pause = server.pause().await;
    let leaving = replica.begin(signed("msg_1"));
    server.until_a_call_waits().await;
    leaving.abort();
    assert!(soon(leaving).await.unwrap_err().is_cancelled());
    server.resume(pause).await;
    replica.handle_in_time("msg_1").await;
}

pub async fn a_client_that_hangs_up_after_success_completes_the_claim<S: StoreServer>() {
    let server = S::start().await;
    let mut replica = Replica::new(layer(server.store().await));
    let leaving = replica.begin(signed("msg_1"));
    let call = replica.call().await;
    let pause = server.pause().await;
    call.answer(StatusCode::OK);
    server.until_a_call_waits().await;
    leaving.abort();
    let _ = soon(leaving).await;
    server.resume(pause).await;
    replica.duplicate_in_time("msg_1").await;
    assert!(replica.is_idle());
}

pub async fn a_lease_is_extended_while_the_handler_runs<S: StoreServer>() {
    let server = S::start().await;
    let lease = Duration::from_millis(1500);
    let mut replica = Replica::new(layer(server.store().await).lease(lease));
    let running = replica.begin(signed("msg_1"));
    let call = replica.call().await;
    let before = server.calls().await;
    until("the handler has outlived its first lease", async || server.calls().await >= before + 4).await;
    replica.send(signed("msg_1")).await.assert_in_progress();
    call.answer(StatusCode::OK);
    assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::OK);
    replica.send(signed("msg_1")).await.assert_duplicate();
}

pub async fn a_suspended_owner_cannot_settle<S: StoreServer>() {
    let server = S::start().await;
    for late in [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR] {
        let (tell, mut outcomes) = outcomes();
        let mut one = Replica::new(layer(server.store().await).on_outcome(tell));
        let mut other = Replica::new(layer(server.store().await));
        let id = late.as_str();
        let suspended = one.begin(signed(id));
        let former = one.call().await;
        server.advance(Duration::from_secs(31)).await;

        let running = other.begin(signed(id));
        let call = other.call().await;
        let fencing = |call: &Call| call.delivery().fencing_token().unwrap();
        assert!(fencing(&call) > fencing(&former));
        former.answer(late);
        assert_eq!(soon(suspended).await.unwrap().0.status(), late);
        assert_eq!(outcomes.next().await.settlement(), Some(Settlement::Lost));
        one.send(signed(id)).await.assert_in_progress();
        call.answer(StatusCode::OK);
        soon(running).await.unwrap();
        one.send(signed(id)).await.assert_duplicate();
    }
}

pub async fn after_the_deadline_every_replica_sees_the_handlers_result<S: StoreServer>() {
    let server = S::start().await;
    for end in [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR] {
        let layer = layer(server.store().await).ack_deadline(Duration::from_secs(3));
        let (drain, mut one) = (layer.drain(), Replica::new(layer));
        let mut other = Replica::new(self::layer(server.store().await));
        let id = end.as_str();
        let running = one.begin(signed(id));
        let call = one.call().await;
        soon(running).await.unwrap().assert_rejected(RejectionKind::AckDeadline, "5");
        other.send(signed(id)).await.assert_in_progress();
        call.answer(end);
        soon(drain.finished()).await;
        match end {
            StatusCode::OK => other.send(signed(id)).await.assert_duplicate(),
            _ => drop(other.handle(id).await),
        }
    }
}

pub async fn a_delivery_is_remembered_for_its_window_and_until_it_is_forgotten<S: StoreServer>() {
    let server = S::start().await;
    let store = server.store().await;
    let mut replica = Replica::new(layer(store.clone()).dedupe_window(Duration::from_secs(1000)));
    replica.handle("msg_1").await;
    server.advance(Duration::from_secs(900)).await;
    replica.send(signed("msg_1")).await.assert_duplicate();
    server.advance(Duration::from_secs(100)).await;
    let delivery = replica.handle("msg_1").await;
    assert!(store.forget(delivery.dedupe_key().unwrap()).await.unwrap());
    assert!(!store.forget(delivery.dedupe_key().unwrap()).await.unwrap());
    replica.handle("msg_1").await;
}

pub async fn a_replay_under_a_new_id_is_a_duplicate_by_its_body<S: StoreServer>() {
    const SECRET: &str = "It's a Secret to Everybody";
    let server = S::start().await;
    let layer = WebhookLayer::with_verifier(provider::github(SECRET.parse::<Secret>().unwrap()))
        .dedupe(server.store().await)
        .replay_guard();
    let mut replica = Replica::new(layer);
    replica.answer(github(SECRET, "guid-1", "push", "{}"), StatusCode::OK).await;
    let before = server.calls().await;
    replica.answer(github(SECRET, "guid-2", "push", "{\"other\":1}"), StatusCode::OK).await;
    assert_eq!(server.calls().await, before + 4);
    replica.send(github(SECRET, "guid-3", "push", "{}")).await.assert_duplicate();
    replica.send(github(SECRET, "guid-3", "push", "{\"new\":1}")).await.assert_duplicate();
    assert!(replica.is_idle());
}

pub async fn endpoints_with_different_scopes_or_stores_do_not_share_keys<S: StoreServer>() {
    let server = S::start().await;
    let mut replicas = [
        Replica::new(layer(server.store().await)),
        Replica::new(layer(server.store().await).scope("orders")),
        Replica::new(layer(server.other_store().await)),
    ];
    for replica in &mut replicas {
        replica.handle("msg_1").await;
    }
    for replica in replicas {
        replica.send(signed("msg_1")).await.assert_duplicate();
    }
}
