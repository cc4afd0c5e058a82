//! Detached handlers, and responses at the acknowledgement deadline.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tower_webhook::{
    Delivery, HandlerEnd, ManualClock, OutcomeKind, RejectionKind, Settlement, StoreFailure, WebhookLayer,
    testing::{Fault, Operation},
};

use crate::{
    outcomes::Outcomes,
    support::{
        Act, Handler, HandlerError, NOW, faulty_store, hang_up_during, layer, outlive_its_runtime, runtime,
        secret, settle_down, signed,
    },
};

const SECOND: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(8);

fn with_deadline() -> WebhookLayer {
    layer().ack_deadline(DEADLINE)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_does_not_cancel_a_detached_handler() {
    let handler = Handler::doing([Act::Sleep(SECOND)]);
    let layer = layer().detached();
    let app = handler.under(&layer);
    hang_up_during(&app, signed("msg_1", "{}")).await;
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    layer.drain().finished().await;
    app.send(signed("msg_1", "{}")).await.assert_duplicate();
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_detached_handler_that_fails_after_its_client_left_releases() {
    let handler = Handler::doing([Act::Late(SECOND, &Act::Fail)]);
    let layer = layer().detached();
    let app = handler.under(&layer);
    hang_up_during(&app, signed("msg_1", "{}")).await;
    layer.drain().finished().await;
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_handler_settles_after_a_shorter_timeout_above_the_layer() {
    let handler = Handler::doing([Act::Sleep(5 * SECOND)]);
    let layer = with_deadline();
    let app = handler.under(&layer);
    assert!(timeout(SECOND, app.send(signed("msg_1", "{}"))).await.is_err());
    assert_eq!((handler.running(), layer.drain().running()), (1, 1));
    layer.drain().finished().await;
    app.send(signed("msg_1", "{}")).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_the_response_is_503_and_the_handler_continues() {
    let handler = Handler::doing([Act::Sleep(20 * SECOND)]);
    let layer = with_deadline();
    let app = handler.under(&layer);
    let start = Instant::now();
    let answer = app.send(signed("msg_1", "{}")).await;
    answer.assert_rejected(RejectionKind::AckDeadline);
    assert_eq!((answer.header("retry-after"), &*answer.body), (Some("5"), &b"not finished yet"[..]));
    assert_eq!(start.elapsed(), DEADLINE);
    assert_eq!(handler.running(), 1);

    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    layer.drain().finished().await;
    assert_eq!(start.elapsed(), 20 * SECOND);
    app.send(signed("msg_1", "{}")).await.assert_duplicate();
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_before_the_deadline_is_the_handlers() {
    let handler = Handler::doing([Act::Sleep(7 * SECOND), Act::Answer(418), Act::Fail]);
    let app = handler.under(&with_deadline());
    let answer = app.send(signed("msg_1", "{}")).await;
    answer.assert_handled();
    assert_eq!(answer.body, "{}");
    assert_eq!(app.send(signed("msg_2", "{}")).await.status(), 418);
    assert_eq!(app.call(signed("msg_3", "{}")).await.unwrap_err(), HandlerError);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_fails_after_the_deadline_runs_again_on_the_next_attempt() {
    for act in [&Act::Answer(500), &Act::Fail, &Act::Panic] {
        let handler = Handler::doing([Act::Late(20 * SECOND, act)]);
        let layer = with_deadline();
        let app = handler.under(&layer);
        app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::AckDeadline);
        layer.drain().finished().await;
        app.send(signed("msg_1", "{}")).await.assert_handled();
        assert_eq!(handler.calls(), 2, "{act:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_deadline_reaches_the_caller_and_releases() {
    let handler = Handler::doing([Act::Panic]);
    let layer = with_deadline();
    let app = handler.under(&layer);
    let call = app.start(signed("msg_1", "{}"));
    let panic = call.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"injected handler panic"));
    assert_eq!(layer.drain().running(), 0);
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn the_response_waits_for_settlement_until_the_deadline() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Sleep(6 * SECOND), Act::Sleep(15 * SECOND / 2)]);
    let app = handler.under(&with_deadline().dedupe(store.clone()));
    store.fail(Operation::Complete, Fault::Hang);
    // The store times out after a second, before the deadline.
    let start = Instant::now();
    let answer = app.send(signed("msg_1", "{}")).await;
    assert_eq!((answer.status(), start.elapsed()), (200, 7 * SECOND));
    // Here, the store times out after the deadline.
    let start = Instant::now();
    let answer = app.send(signed("msg_2", "{}")).await;
    assert_eq!(start.elapsed(), DEADLINE);
    answer.assert_rejected(RejectionKind::AckDeadline);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_starts_with_the_request_and_not_with_the_handler() {
    let store = faulty_store();
    let handler = Handler::default();
    let app = handler.under(&layer().ack_deadline(SECOND / 2).dedupe(store.clone()));
    store.fail(Operation::Claim, Fault::ActAndHang);
    let start = Instant::now();
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::AckDeadline);
    assert_eq!((start.elapsed(), handler.calls()), (SECOND / 2, 0));
    // A claim that the store granted before the deadline is released.
    store.heal();
    settle_down().await;
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_delivery_without_dedupe_has_no_deadline_and_outlives_its_client() {
    let store = faulty_store();
    store.fail(Operation::Claim, Fault::Error);
    for layer in [
        with_deadline().without_dedupe(),
        with_deadline().dedupe_by(|_, _| None),
        with_deadline().dedupe(store).on_store_failure(StoreFailure::Proceed),
    ] {
        let handler = Handler::doing([Act::Sleep(20 * SECOND), Act::Sleep(SECOND)]);
        let app = handler.under(&layer);
        let start = Instant::now();
        app.send(signed("msg_1", "{}")).await.assert_handled();
        assert_eq!(start.elapsed(), 20 * SECOND);
        hang_up_during(&app, signed("msg_2", "{}")).await;
        assert_eq!(handler.running(), 1);
        layer.drain().finished().await;
        assert_eq!(start.elapsed(), 21 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_the_lease_is_extended_and_the_handler_timeout_applies() {
    let handler = Handler::doing([Act::Hang]);
    let layer = with_deadline().handler_timeout(100 * SECOND);
    let app = handler.under(&layer);
    let start = Instant::now();
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::AckDeadline);
    tokio::time::sleep(60 * SECOND).await;
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    layer.drain().finished().await;
    assert_eq!((start.elapsed(), handler.running()), (100 * SECOND, 0));
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn the_outcome_is_reported_once_when_the_handler_has_ended() {
    let outcomes = Outcomes::default();
    let handler = Handler::doing([
        Act::Sleep(20 * SECOND),
        Act::Hang,
        Act::Sleep(SECOND),
        Act::Answer(202),
        Act::Sleep(20 * SECOND),
    ]);
    let layer = outcomes.of(with_deadline().handler_timeout(30 * SECOND));
    let app = handler.under(&layer);

    app.send(signed("1", "{}")).await.assert_rejected(RejectionKind::AckDeadline);
    assert!(outcomes.is_empty());
    layer.drain().finished().await;
    let late = outcomes.one();
    assert_eq!((late.kind(), late.handler()), (OutcomeKind::Accepted, Some(HandlerEnd::Completed)));
    assert_eq!((late.status().unwrap().as_u16(), late.settlement()), (503, Some(Settlement::Completed)));
    assert_eq!(late.rejection().unwrap().kind(), RejectionKind::AckDeadline);

    app.send(signed("2", "{}")).await.assert_rejected(RejectionKind::AckDeadline);
    layer.drain().finished().await;
    let hung = outcomes.one();
    assert_eq!((hung.handler(), hung.settlement()), (Some(HandlerEnd::TimedOut), Some(Settlement::Released)));
    // The rejection that was sent, not that of the later timeout.
    assert_eq!(hung.rejection().unwrap().kind(), RejectionKind::AckDeadline);

    hang_up_during(&app, signed("3", "{}")).await;
    layer.drain().finished().await;
    let left = outcomes.one();
    assert_eq!(
        (left.handler(), left.settlement()),
        (Some(HandlerEnd::Completed), Some(Settlement::Completed))
    );
    assert_eq!(left.status(), None);

    app.send(signed("4", "{}")).await;
    let in_time = outcomes.one();
    assert_eq!((in_time.status().unwrap().as_u16(), in_time.rejection().is_none()), (202, true));
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_use_its_delivery_after_the_deadline() {
    let handler = Handler::doing([Act::Sleep(20 * SECOND)]);
    let app = handler.under(&with_deadline());
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::AckDeadline);
    let delivery: Delivery = handler.last();
    assert!(delivery.is_deduped() && delivery.payload() == "{}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_settlements_in_the_background() {
    let store = faulty_store();
    let handler = Handler::default();
    let layer = layer().dedupe(store.clone());
    let app = handler.under(&layer);
    store.fail(Operation::Complete, Fault::Error);
    app.send(signed("msg_1", "{}")).await.assert_handled();
    assert_eq!(layer.drain().running(), 1);
    assert!(timeout(SECOND, layer.drain().finished()).await.is_err());
    store.heal();
    layer.drain().finished().await;
    app.send(signed("msg_1", "{}")).await.assert_duplicate();

    // The drain waits until the lease expires; settling has no effect after that.
    store.fail(Operation::Complete, Fault::Error);
    app.send(signed("msg_2", "{}")).await.assert_handled();
    let start = Instant::now();
    layer.drain().finished().await;
    assert_eq!(start.elapsed(), 30 * SECOND);
}

#[test]
fn dropping_the_runtime_drops_a_detached_handler_and_releases_its_claim() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Hang]);
    let layer = layer_without_time().dedupe(store.clone()).detached();
    let app = handler.under(&layer);
    let first = runtime();
    first.block_on(hang_up_during(&app, signed("msg_1", "{}")));
    assert_eq!((handler.running(), layer.drain().running()), (1, 1));
    drop(first);
    assert_eq!((handler.running(), layer.drain().running(), store.calls(Operation::Release)), (0, 0, 1));
    runtime().block_on(async { app.send(signed("msg_1", "{}")).await.assert_handled() });
}

#[test]
fn a_request_that_outlives_its_handlers_runtime_gets_a_503() {
    let handler = Handler::doing([Act::Hang]);
    let app = handler.under(&layer_without_time().detached());
    let call = outlive_its_runtime(&app, signed("msg_1", "{}"));
    runtime().block_on(call).assert_rejected(RejectionKind::HandlerTimeout);
}

/// Returns a layer without tokio's virtual time, so that it can be built outside a runtime.
fn layer_without_time() -> WebhookLayer {
    WebhookLayer::new(secret()).clock(ManualClock::at_unix(NOW.try_into().unwrap()))
}
