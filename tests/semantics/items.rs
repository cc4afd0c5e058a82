//! The items of a batch. Each is claimed and settled separately, like a delivery.

use std::{convert::Infallible, future::pending, time::Duration};

use http::Request;
use http_body_util::Full;
use tokio::{
    sync::oneshot::{self, error::TryRecvError},
    task::JoinHandle,
    time::Instant,
};
use tower_webhook::{
    Delivery, Item, ItemClaim, Secret, StoreFailure, WebhookLayer,
    store::{Key, Store},
    testing::{Fault, Operation},
    verify::{self, Verified},
};

use crate::{
    batches::Batches,
    support::{
        Handler, NOW, OTHER_SECRET, TokioClock, faulty_store, hang_up, layer, settle_down, signed,
        signed_with,
    },
};

pub type Work = Result<(), &'static str>;

/// Returns a delivery whose request has finished.
async fn delivery(layer: &WebhookLayer) -> Delivery {
    let handler = Handler::default();
    handler.under(layer).send(signed("msg_1", "{}")).await.assert_handled();
    handler.last()
}

trait ClaimItem {
    async fn claimed(&self, id: &str) -> ItemClaim;
    async fn assert_claimable(&self, id: &str);
    async fn assert_in_progress(&self, id: &str);
    async fn assert_done(&self, id: &str);
    fn begin(&self, id: &str, work: impl Future<Output = Work> + Send + 'static) -> JoinHandle<Work>;
}

impl ClaimItem for Delivery {
    async fn claimed(&self, id: &str) -> ItemClaim {
        match self.claim_item(id).await.unwrap() {
            Item::Claimed(item) => item,
            other => panic!("{id}: {other:?}"),
        }
    }

    async fn assert_claimable(&self, id: &str) {
        assert!(self.claimed(id).await.is_deduped());
    }

    async fn assert_in_progress(&self, id: &str) {
        let item = self.claim_item(id).await;
        assert!(matches!(item, Ok(Item::InProgress)), "{item:?}");
    }

    async fn assert_done(&self, id: &str) {
        let item = self.claim_item(id).await;
        assert!(matches!(item, Ok(Item::Duplicate)), "{item:?}");
    }

    /// Claims and runs the item in a new task.
    fn begin(&self, id: &str, work: impl Future<Output = Work> + Send + 'static) -> JoinHandle<Work> {
        let (delivery, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move { delivery.claimed(&id).await.run(work).await })
    }
}

pub async fn slowly(seconds: u64) -> Work {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_item_is_completed_before_run_returns() {
    let store = faulty_store();
    let delivery = delivery(&layer().dedupe(store.clone())).await;
    let item = delivery.claimed("a").await;
    assert!(item.is_deduped() && item.fencing_token().is_some());
    delivery.assert_in_progress("a").await;
    assert_eq!(item.run(async { Ok::<_, Infallible>(7) }).await, Ok(7));
    delivery.assert_done("a").await;
    assert_eq!((store.calls(Operation::Complete), store.calls(Operation::Release)), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_error_releases_and_is_passed_on() {
    let store = faulty_store();
    let delivery = delivery(&layer().dedupe(store.clone())).await;
    let failed = delivery.claimed("a").await.run(async { Err::<(), _>("no") }).await;
    assert_eq!((failed, store.calls(Operation::Release)), (Err("no"), 1));
    delivery.assert_claimable("a").await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_releases_the_item_and_continues_unwinding() {
    let store = faulty_store();
    let delivery = delivery(&layer().dedupe(store.clone())).await;
    let panicked = delivery.begin("a", async { panic!("injected panic") }).await;
    let message = *panicked.unwrap_err().into_panic().downcast::<&str>().unwrap();
    assert_eq!((message, store.calls(Operation::Release)), ("injected panic", 1));
    delivery.assert_claimable("a").await;
    // A store that panics during the unwinding does not abort the process.
    store.fail(Operation::Release, Fault::Panic);
    assert!(delivery.begin("b", async { panic!("injected panic") }).await.unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_not_run_is_released() {
    let delivery = delivery(&layer()).await;
    drop(delivery.claimed("a").await);
    delivery.assert_claimable("a").await;
    // Dropping a future that was never polled releases the item too.
    drop(delivery.claimed("a").await.run(pending::<Work>()));
    delivery.assert_claimable("a").await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_work_releases() {
    let delivery = delivery(&layer()).await;
    let (ended, mut work_dropped) = oneshot::channel::<()>();
    let running = delivery.begin("a", async move {
        let _ended = ended;
        pending().await
    });
    settle_down().await;
    delivery.assert_in_progress("a").await;
    assert_eq!(work_dropped.try_recv(), Err(TryRecvError::Empty));
    hang_up(running).await;
    work_dropped.await.unwrap_err();
    delivery.assert_claimable("a").await;

    // A timeout drops the work too.
    let hanging = delivery.claimed("a").await.run(pending::<Work>());
    tokio::time::timeout(Duration::from_secs(5), hanging).await.unwrap_err();
    delivery.assert_claimable("a").await;
}

#[tokio::test(start_paused = true)]
async fn dropping_while_claiming_releases_a_claim_that_may_exist() {
    let store = faulty_store();
    let delivery = delivery(&layer().dedupe(store.clone())).await;
    store.fail(Operation::Claim, Fault::ActAndHang);
    let claiming = delivery.begin("a", slowly(1));
    settle_down().await;
    hang_up(claiming).await;
    store.heal();
    assert_eq!(store.calls(Operation::Release), 1);
    delivery.assert_claimable("a").await;
}

#[tokio::test(start_paused = true)]
async fn dropping_while_completing_completes() {
    let store = faulty_store();
    let delivery = delivery(&layer().dedupe(store.clone())).await;
    store.fail(Operation::Complete, Fault::Hang);
    let completing = delivery.begin("a", async { Ok(()) });
    settle_down().await;
    store.heal();
    hang_up(completing).await;
    assert_eq!(store.calls(Operation::Release), 0);
    delivery.assert_done("a").await;
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_extended_while_the_work_runs() {
    let store = faulty_store();
    let delivery = delivery(&layer().dedupe(store.clone())).await;
    let running = delivery.begin("a", slowly(95));
    let began = Instant::now();
    for age in [29, 31, 61, 94] {
        tokio::time::sleep_until(began + Duration::from_secs(age)).await;
        delivery.assert_in_progress("a").await;
    }
    running.await.unwrap().unwrap();
    assert_eq!(store.calls(Operation::Extend), 9);
    delivery.assert_done("a").await;
}

#[tokio::test(start_paused = true)]
async fn the_layers_lease_and_window_apply_to_items() {
    let layer = layer().lease(Duration::from_secs(3)).dedupe_window(Duration::from_secs(100));
    let delivery = delivery(&layer).await;
    let idle = delivery.claimed("a").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    delivery.assert_in_progress("a").await;
    // A lease is extended only while the work runs, so the lease of `idle` expires.
    tokio::time::sleep(Duration::from_secs(2)).await;
    delivery.claimed("a").await.run(slowly(10)).await.unwrap();
    drop(idle);
    tokio::time::sleep(Duration::from_secs(99)).await;
    delivery.assert_done("a").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    delivery.assert_claimable("a").await;
}

#[tokio::test(start_paused = true)]
async fn work_that_hangs_after_the_request_does_not_hold_its_item_forever() {
    let delivery = delivery(&layer().handler_timeout(Duration::from_secs(55))).await;
    let hanging = delivery.begin("a", slowly(200));
    tokio::time::sleep(Duration::from_secs(59)).await;
    delivery.assert_in_progress("a").await;
    // The last extension is at 50 s, so the lease expires at 80 s.
    tokio::time::sleep(Duration::from_secs(22)).await;
    delivery.claimed("a").await.run(async { Ok::<_, Infallible>(()) }).await.unwrap();
    hanging.await.unwrap().unwrap();
    delivery.assert_done("a").await;
}

#[tokio::test(start_paused = true)]
async fn work_that_panics_after_the_handler_timeout_releases_its_item() {
    let store = faulty_store();
    let delivery = delivery(&layer().dedupe(store.clone()).handler_timeout(Duration::from_secs(5))).await;
    let panicked = delivery.begin("a", async {
        slowly(10).await?;
        panic!("injected panic")
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(store.calls(Operation::Release), 1);
    delivery.assert_claimable("a").await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_an_error_by_default() {
    for fault in [Fault::Error, Fault::Hang, Fault::ActAndHang, Fault::Panic] {
        let store = faulty_store();
        let delivery = delivery(&layer().dedupe(store.clone())).await;
        store.fail(Operation::Claim, fault);
        let began = Instant::now();
        let error = delivery.claim_item("a").await.unwrap_err();
        assert_eq!(error.to_string(), "deduplication store failed");
        assert_eq!(
            began.elapsed(),
            Duration::from_secs(u64::from(matches!(fault, Fault::Hang | Fault::ActAndHang)))
        );
        store.heal();
        tokio::time::sleep(Duration::from_secs(1)).await;
        // A claim that the store may have granted is released with its token.
        assert_eq!(store.calls(Operation::Release), 1);
        delivery.assert_claimable("a").await;
    }
}

#[tokio::test(start_paused = true)]
async fn under_proceed_items_run_undeduped_and_report_it() {
    for fault in [Fault::Error, Fault::Hang, Fault::ActAndHang] {
        let store = faulty_store();
        let layer = layer().dedupe(store.clone()).on_store_failure(StoreFailure::Proceed);
        let delivery = delivery(&layer).await;
        store.fail(Operation::Claim, fault);
        let item = delivery.claimed("a").await;
        assert_eq!((item.is_deduped(), item.fencing_token()), (false, None));
        item.run(slowly(1)).await.unwrap();
        store.heal();
        settle_down().await;
        delivery.assert_claimable("a").await;
    }
}

#[tokio::test(start_paused = true)]
async fn items_and_deliveries_with_the_same_id_do_not_collide() {
    let (layer, batches) = (layer(), Batches::default());
    assert_eq!(batches.send(&layer, signed("msg_1", "msg_1 msg_2")).await, 200);
    assert_eq!(batches.send(&layer, signed("msg_2", "msg_3")).await, 200);
    assert_eq!(batches.send(&layer, signed("msg_3", "msg_4")).await, 200);
    assert_eq!(batches.ran(), ["msg_1", "msg_2", "msg_3", "msg_4"]);

    let delivery = delivery(&layer.scope("orders")).await;
    assert_eq!(delivery.item_key("a"), Some(Key::new("standard-webhooks-orders#item", "a")));
    assert_eq!(delivery.dedupe_key(), Some(&Key::new("standard-webhooks-orders", "msg_1")));
}

#[tokio::test(start_paused = true)]
async fn endpoints_with_different_secrets_do_not_drop_each_others_items() {
    let store = faulty_store();
    let other: Secret = OTHER_SECRET.parse().unwrap();
    let one = delivery(&layer().dedupe(store.clone())).await;
    let handler = Handler::default();
    let app = handler.under(&WebhookLayer::new(other).clock(TokioClock::start()).dedupe(store));
    app.send(signed_with(OTHER_SECRET, "msg_1", NOW, "{}")).await.assert_handled();
    one.claimed("a").await.run(slowly(1)).await.unwrap();
    handler.last().assert_claimable("a").await;
    one.assert_done("a").await;
}

#[tokio::test(start_paused = true)]
async fn a_completed_item_can_be_forgotten() {
    let store = faulty_store();
    let delivery = delivery(&layer().dedupe(store.clone())).await;
    let item = delivery.claimed("a").await;
    let former = item.fencing_token();
    item.run(slowly(1)).await.unwrap();
    assert!(store.forget(&delivery.item_key("a").unwrap()).await.unwrap());
    assert!(delivery.claimed("a").await.fencing_token() > former);
}

#[tokio::test(start_paused = true)]
async fn without_a_store_every_duplicate_runs() {
    let delivery = delivery(&layer().without_dedupe()).await;
    for _ in 0..2 {
        let item = delivery.claimed("a").await;
        assert_eq!((item.is_deduped(), item.fencing_token()), (false, None));
        assert_eq!(item.run(slowly(1)).await, Ok(()));
    }
    assert_eq!(delivery.item_key("a"), None);
}

#[tokio::test(start_paused = true)]
async fn an_item_with_an_empty_id_is_not_deduped_and_a_long_id_is_hashed() {
    let store = faulty_store();
    let delivery = delivery(&layer().dedupe(store.clone())).await;
    for _ in 0..2 {
        let item = delivery.claimed("").await;
        assert!(!item.is_deduped());
        item.run(slowly(1)).await.unwrap();
    }
    assert_eq!((delivery.item_key(""), store.calls(Operation::Claim)), (None, 1));

    let long = "a".repeat(1000);
    delivery.claimed(&long).await.run(slowly(1)).await.unwrap();
    delivery.assert_done(&long).await;
    assert!(delivery.item_key(&long).unwrap().id().starts_with("sha256-"));
}

#[tokio::test(start_paused = true)]
async fn items_of_a_delivery_without_dedupe_are_deduped() {
    let accepting = WebhookLayer::with_verifier(verify::from_fn(|_, _| Ok(Verified::new())));
    let (layer, batches) = (accepting.clock(TokioClock::start()), Batches::default());
    let post = || Request::post("/").body(Full::from("a b")).unwrap();
    assert_eq!(batches.send(&layer, post()).await, 200);
    assert_eq!(batches.send(&layer, post()).await, 200);
    assert_eq!(batches.ran(), ["a", "b"]);
}
