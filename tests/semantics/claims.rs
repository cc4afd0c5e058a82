//! Claims: which deliveries run, which are duplicates, and how long a key is remembered.

use std::{sync::Arc, time::Duration};

use http::Request;
use http_body_util::Full;
use tower_webhook::{
    Clock, RejectionKind, Secret, WebhookLayer, provider,
    store::{Claim, Key, MokaStore, Store, Token},
    testing::{self, Fault, FaultyStore, Operation},
};

use crate::{
    sign::Sent,
    support::{Act, Handler, NOW, SECRET, TokioClock, faulty_store, layer, settle_down, signed, signed_with},
};

#[tokio::test(start_paused = true)]
async fn a_delivery_is_handled_once_and_then_a_duplicate() {
    let handler = Handler::default();
    let app = handler.under(&layer());
    app.send(signed("msg_1", "{}")).await.assert_handled();
    app.send(signed("msg_1", "{}")).await.assert_duplicate();
    // A retry is signed anew under the same id.
    tokio::time::advance(Duration::from_secs(60)).await;
    app.send(signed_with(SECRET, "msg_1", NOW + 60, "{}")).await.assert_duplicate();
    app.send(signed("msg_2", "{}")).await.assert_handled();
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_delivery_is_completed_before_the_response() {
    let store = faulty_store();
    let handler = Handler::default();
    let app = handler.under(&layer().dedupe(store.clone()));
    app.send(signed("msg_1", "{}")).await.assert_handled();
    assert_eq!(
        (store.calls(Operation::Claim), store.calls(Operation::Complete), store.calls(Operation::Release)),
        (1, 1, 0)
    );
    let claim =
        store.claim(handler.last().dedupe_key().unwrap(), &Token::mint(), Duration::from_secs(1)).await;
    assert_eq!(claim.unwrap(), Claim::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_response_other_than_2xx_releases_and_is_passed_on() {
    for status in [300, 302, 400, 401, 404, 409, 429, 500, 503] {
        let handler = Handler::doing([Act::Answer(status)]);
        let app = handler.under(&layer());
        let answer = app.send(signed("msg_1", "body")).await;
        assert_eq!((answer.status(), &*answer.body), (status, b"body".as_slice()));
        assert_eq!(answer.kind(), None);
        app.send(signed("msg_1", "body")).await.assert_handled();
        assert_eq!(handler.calls(), 2, "{status}");
    }
    for status in [200, 201, 202, 204] {
        let handler = Handler::doing([Act::Answer(status)]);
        let app = handler.under(&layer());
        assert_eq!(app.send(signed("msg_1", "{}")).await.status(), status);
        app.send(signed("msg_1", "{}")).await.assert_duplicate();
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_grpc_call_is_a_failure_despite_its_200() {
    for (status, completed) in [("0", true), ("13", false), ("00", false), ("", false)] {
        let handler = Handler::doing([Act::AnswerGrpc(status)]);
        let app = handler.under(&layer());
        assert_eq!(app.send(signed("msg_1", "{}")).await.status(), 200);
        assert_eq!(app.send(signed("msg_1", "{}")).await.is_duplicate(), completed, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn complete_when_replaces_the_default_condition() {
    let handler = Handler::doing([Act::Answer(200), Act::Answer(410)]);
    let app = handler.under(&layer().complete_when(|head| head.status == 410));
    assert_eq!(app.send(signed("msg_1", "{}")).await.status(), 200);
    assert_eq!(app.send(signed("msg_1", "{}")).await.status(), 410);
    app.send(signed("msg_1", "{}")).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_service_releases_and_is_passed_on() {
    let handler = Handler::doing([Act::Fail]);
    let app = handler.under(&layer());
    app.call(signed("msg_1", "{}")).await.expect_err("the handler's error");
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_panic_releases_and_continues_unwinding() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Panic]);
    let app = handler.under(&layer().dedupe(store.clone()));
    let panicked = app.start(signed("msg_1", "{}")).await;
    let message = *panicked.unwrap_err().into_panic().downcast::<&str>().unwrap();
    assert_eq!(message, "injected handler panic");
    assert_eq!(store.calls(Operation::Release), 1);
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_dropped_and_released_after_ten_minutes_by_default() {
    for (layer, seconds) in [(layer().handler_timeout(Duration::from_secs(5)), 5), (layer(), 600)] {
        let handler = Handler::doing([Act::Hang]);
        let app = handler.under(&layer);
        let began = tokio::time::Instant::now();
        let answer = app.send(signed("msg_1", "{}")).await;
        answer.assert_rejected(RejectionKind::HandlerTimeout);
        assert_eq!((answer.header("retry-after"), handler.running()), (Some("10"), 0));
        assert_eq!(began.elapsed().as_secs(), seconds);
        app.send(signed_with(SECRET, "msg_1", NOW + seconds, "{}")).await.assert_handled();
    }
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_of_a_delivery_in_progress_gets_a_503() {
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(3))]);
    let app = handler.under(&layer());
    let first = app.start(signed("msg_1", "{}"));
    settle_down().await;
    assert_eq!(handler.running(), 1);
    let second = app.send(signed("msg_1", "{}")).await;
    second.assert_rejected(RejectionKind::InProgress);
    assert_eq!((second.status(), second.header("retry-after")), (503, Some("5")));
    first.await.unwrap().assert_handled();
    app.send(signed("msg_1", "{}")).await.assert_duplicate();
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_of_many_concurrent_duplicates_runs() {
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(1))]);
    let app = handler.under(&layer());
    let [first, duplicates @ ..] = [(); 64].map(|()| app.start(signed("msg_1", "{}")));
    for duplicate in duplicates {
        duplicate.await.unwrap().assert_rejected(RejectionKind::InProgress);
    }
    first.await.unwrap().assert_handled();
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_extended_while_the_handler_runs() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(95))]);
    let app = handler.under(&layer().dedupe(store.clone()));
    let first = app.start(signed("msg_1", "{}"));
    let began = tokio::time::Instant::now();
    for age in [29, 31, 61, 94] {
        tokio::time::sleep_until(began + Duration::from_secs(age)).await;
        let duplicate = app.send(signed_with(SECRET, "msg_1", NOW + age, "{}")).await;
        duplicate.assert_rejected(RejectionKind::InProgress);
    }
    first.await.unwrap().assert_handled();
    assert_eq!((store.calls(Operation::Extend), handler.calls()), (9, 1));
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_extended_while_a_handler_exhausts_the_tasks_budget() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Work(Duration::from_secs(60))]);
    let app = handler.under(&layer().dedupe(store.clone()));
    let first = app.start(signed("msg_1", "{}"));
    for _ in 0..6 {
        settle_down().await;
        app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
        // The runtime is never idle, so virtual time does not advance by itself.
        tokio::time::advance(Duration::from_secs(10)).await;
    }
    first.await.unwrap().assert_handled();
    assert!(store.calls(Operation::Extend) >= 5);
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_the_lease_expires_the_next_duplicate_runs_and_the_former_owner_cannot_settle() {
    let store = faulty_store();
    // The first owner cannot extend its lease, and its handler keeps running.
    store.fail(Operation::Extend, Fault::Error);
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(50)), Act::Sleep(Duration::from_secs(40))]);
    let app = handler.under(&layer().dedupe(store.clone()));
    let first = app.start(signed("msg_1", "{}"));
    tokio::time::sleep(Duration::from_secs(31)).await;
    let former = handler.last().fencing_token().unwrap();
    store.heal();
    let second = app.start(signed_with(SECRET, "msg_1", NOW + 31, "{}"));
    settle_down().await;
    assert_eq!(handler.running(), 2);
    // The fencing token orders the writes of both runs.
    assert!(handler.last().fencing_token().unwrap() > former);
    first.await.unwrap().assert_handled();
    // The first run completed too late: the second still holds the claim.
    app.send(signed_with(SECRET, "msg_1", NOW + 51, "{}")).await.assert_rejected(RejectionKind::InProgress);
    second.await.unwrap().assert_handled();
    app.send(signed_with(SECRET, "msg_1", NOW + 80, "{}")).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn the_last_of_a_few_quick_retries_runs_after_a_crash() {
    let whereby = Arc::new(provider::whereby("a secret".parse::<Secret>().unwrap()));
    for (lease, runs_again) in [(None, true), (Some(Duration::from_secs(30)), false)] {
        let clock = TokioClock::start();
        let with = |store| {
            let layer = WebhookLayer::with_verifier(whereby.clone()).clock(clock);
            match lease {
                None => layer.dedupe(store),
                Some(lease) => layer.dedupe(store).lease(lease),
            }
        };
        let delivery = || -> Sent {
            let request = Request::post("/").body(r#"{"id":"1"}"#).unwrap();
            testing::sign_at(&whereby, request, clock.now()).unwrap().map(Full::from)
        };
        let memory = Arc::new(MokaStore::new(10).clock(clock));
        // A crashed process does not settle.
        let dying = FaultyStore::new(memory.clone());
        dying.fail(Operation::SETTLING, Fault::Hang);
        let app = Handler::doing([Act::Hang]).under(&with(dying));
        let sent = delivery();
        let first = app.start(sent);
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        first.abort();

        let handler = Handler::default();
        let app = handler.under(&with(FaultyStore::new(memory)));
        tokio::time::sleep(Duration::from_secs(1)).await;
        app.send(delivery()).await.assert_rejected(RejectionKind::InProgress);
        tokio::time::sleep(Duration::from_secs(2)).await;
        app.send(delivery()).await;
        assert_eq!(handler.calls() == 1, runs_again, "{lease:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_remembered_for_its_window_and_no_longer() {
    let handler = Handler::default();
    let app = handler.under(&layer());
    let day = Duration::from_secs(86_400);
    app.send(signed("msg_1", "{}")).await.assert_handled();
    tokio::time::advance(day * 8 - Duration::from_secs(1)).await;
    app.send(signed_with(SECRET, "msg_1", NOW + 8 * 86_400, "{}")).await.assert_duplicate();
    tokio::time::advance(Duration::from_secs(2)).await;
    app.send(signed_with(SECRET, "msg_1", NOW + 8 * 86_400, "{}")).await.assert_handled();

    let app = handler.under(&layer().dedupe_window(Duration::from_secs(100)));
    app.send(signed("msg_1", "{}")).await.assert_handled();
    tokio::time::advance(Duration::from_secs(101)).await;
    app.send(signed_with(SECRET, "msg_1", NOW + 101, "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn without_dedupe_every_duplicate_runs() {
    let handler = Handler::default();
    let app = handler.under(&layer().without_dedupe());
    for _ in 0..3 {
        app.send(signed("msg_1", "{}")).await.assert_handled();
    }
    let delivery = handler.last();
    assert_eq!((handler.calls(), delivery.is_deduped(), delivery.fencing_token()), (3, false, None));
    assert_eq!(delivery.dedupe_key(), None::<&Key>);
}
