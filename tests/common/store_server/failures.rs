//! Failures of the server: it is down or does not respond.

use http::StatusCode;
use tower_webhook::{Settlement, StoreFailure, store::Key};

use super::{
    StoreServer,
    replica::{Replica, layer, signed},
};
use crate::{
    common::{outcomes, soon},
    server::until,
};

pub async fn a_restart_loses_no_claims_and_no_completed_deliveries<S: StoreServer>() {
    let mut server = S::start_durable().await;
    let mut replica = Replica::new(layer(server.store().await));
    replica.handle("msg_1").await;
    let running = replica.begin(signed("msg_2"));
    let call = replica.call().await;
    server.kill();
    server.restart().await;
    replica.send(signed("msg_1")).await.assert_duplicate();
    replica.send(signed("msg_2")).await.assert_in_progress();
    call.answer(StatusCode::OK);
    assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::OK);
    replica.send(signed("msg_2")).await.assert_duplicate();
    replica.handle("msg_3").await;
}

pub async fn deliveries_are_rejected_while_the_server_is_down_and_handled_afterwards<S: StoreServer>() {
    let mut server = S::start_durable().await;
    let mut replica = Replica::new(layer(server.store().await));
    replica.handle("msg_1").await;
    server.kill();
    for id in ["msg_1", "msg_2", "msg_2"] {
        replica.send(signed(id)).await.assert_unavailable();
    }
    assert!(replica.is_idle());
    server.restart().await;
    until("the store has reconnected", async || replica.send(signed("msg_1")).await.is_duplicate()).await;
    replica.handle("msg_2").await;
}

pub async fn a_success_that_cannot_be_stored_stays_a_success_and_is_stored_when_the_server_is_back<
    S: StoreServer,
>() {
    let mut server = S::start_durable().await;
    let (tell, mut outcomes) = outcomes();
    let mut replica = Replica::new(layer(server.store().await).on_outcome(tell));
    let running = replica.begin(signed("msg_1"));
    let call = replica.call().await;
    server.kill();
    call.answer(StatusCode::OK);
    assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::OK);
    assert_eq!(outcomes.next().await.settlement(), Some(Settlement::Pending));
    server.restart().await;
    replica.duplicate_in_time("msg_1").await;
    assert!(replica.is_idle());
}

pub async fn a_server_that_does_not_respond_times_out<S: StoreServer>() {
    let server = S::start().await;
    let mut replica = Replica::new(layer(server.store().await));
    let proceeding = layer(server.store().await).on_store_failure(StoreFailure::Proceed);
    let mut proceeding = Replica::new(proceeding);
    replica.handle("msg_1").await;
    let running = replica.begin(signed("msg_3"));
    let call = replica.call().await;
    server.suspend();
    replica.send(signed("msg_1")).await.assert_unavailable();
    replica.send(signed("msg_2")).await.assert_unavailable();
    let delivery = proceeding.handle("msg_2").await;
    assert_eq!((delivery.is_deduped(), delivery.fencing_token()), (false, None));
    assert_eq!(delivery.dedupe_key().map(Key::id), Some("msg_2"));
    call.answer(StatusCode::BAD_GATEWAY);
    assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::BAD_GATEWAY);
    server.wake();
    // The claims that timed out are released with their tokens.
    replica.handle_in_time("msg_2").await;
    replica.handle_in_time("msg_3").await;
    replica.send(signed("msg_1")).await.assert_duplicate();
}
