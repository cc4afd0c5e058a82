//! Batches whose items are handled one by one with `Delivery::for_each`.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tokio::task::JoinHandle;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, ItemsOutcome, ResponseBody, StoreFailure, WebhookLayer,
    store::StoreError,
    testing::{Fault, Operation},
};

use crate::{
    items::{Work, slowly},
    sign::Sent,
    support::{Handler, faulty_store, hang_up, layer, settle_down, signed},
};

/// A handler of batches whose payload is a list of item ids, separated by spaces. It records the items it ran and
/// the outcomes.
#[derive(Clone, Default)]
pub struct Batches {
    ran: Arc<Mutex<Vec<String>>>,
    failing: Arc<Mutex<Vec<&'static str>>>,
    outcomes: Arc<Mutex<Vec<ItemsOutcome>>>,
}

impl Batches {
    pub fn ran(&self) -> Vec<String> {
        self.ran.lock().unwrap().clone()
    }

    pub fn failing(&self, ids: &[&'static str]) {
        *self.failing.lock().unwrap() = ids.to_vec();
    }

    pub async fn send(&self, layer: &WebhookLayer, request: Sent) -> StatusCode {
        self.respond(layer, request).await.status()
    }

    fn spawn(&self, layer: &WebhookLayer, request: Sent) -> JoinHandle<StatusCode> {
        let (layer, batches) = (layer.clone(), self.clone());
        tokio::spawn(async move { batches.send(&layer, request).await })
    }

    async fn respond(&self, layer: &WebhookLayer, request: Sent) -> Response<ResponseBody<Full<Bytes>>> {
        let batches = self.clone();
        let service = layer.layer(service_fn(move |request: Request<Body>| {
            let batches = batches.clone();
            async move {
                let delivery = request.extensions().get::<Delivery>().unwrap();
                let outcome = batches.handle(delivery).await;
                let response = outcome.to_response().map(Full::new);
                batches.outcomes.lock().unwrap().push(outcome);
                Ok::<_, Infallible>(response)
            }
        }));
        service.oneshot(request).await.unwrap()
    }

    /// Handles the items whose ids are in the payload.
    async fn handle(&self, delivery: &Delivery) -> ItemsOutcome {
        let items = std::str::from_utf8(delivery.payload()).unwrap().split(' ');
        delivery.for_each(items, |id| *id, |id| self.work(id)).await
    }

    async fn work(&self, id: &str) -> Work {
        self.ran.lock().unwrap().push(id.to_owned());
        if id.starts_with("slow") {
            slowly(3).await?;
        }
        assert!(!id.starts_with("panic") || !self.is_failing(id), "injected panic");
        if self.is_failing(id) { Err("injected failure") } else { Ok(()) }
    }

    fn is_failing(&self, id: &str) -> bool {
        self.failing.lock().unwrap().contains(&id)
    }

    fn last(&self) -> ItemsOutcome {
        self.outcomes.lock().unwrap().pop().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_in_two_batches_runs_once() {
    let (layer, batches) = (layer(), Batches::default());
    assert_eq!(batches.send(&layer, signed("msg_1", "a b")).await, 200);
    assert_eq!(batches.send(&layer, signed("msg_2", "b c a d d")).await, 200);
    assert_eq!(batches.ran(), ["a", "b", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn an_item_in_progress_in_another_batch_is_counted_and_the_batch_must_be_retried() {
    let (layer, batches) = (layer(), Batches::default());
    let first = batches.spawn(&layer, signed("msg_1", "slow a"));
    settle_down().await;
    // "a" is unclaimed and runs; "slow" is still in progress, so this batch must be retried.
    assert_eq!(batches.send(&layer, signed("msg_2", "slow a")).await, 503);
    assert_eq!(counts(&batches.last()), [1, 0, 1, 0]);
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(counts(&batches.last()), [1, 1, 0, 0]);
    assert_eq!(batches.send(&layer, signed("msg_2", "slow a")).await, 200);
    assert_eq!(batches.ran(), ["slow", "a"]);
}

#[tokio::test(start_paused = true)]
async fn each_item_of_many_concurrent_batches_runs_once() {
    let (layer, batches) = (layer(), Batches::default());
    let all: Vec<_> =
        (0..32).map(|n| batches.spawn(&layer, signed(&format!("msg_{n}"), "slow_1 a slow_2 b"))).collect();
    for one in all {
        one.await.unwrap();
    }
    let mut ran = batches.ran();
    ran.sort();
    assert_eq!(ran, ["a", "b", "slow_1", "slow_2"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_releases_only_the_running_item() {
    let (layer, batches) = (layer(), Batches::default());
    let call = batches.spawn(&layer, signed("msg_1", "a slow b"));
    settle_down().await;
    hang_up(call).await;
    assert_eq!(batches.send(&layer, signed("msg_1", "a slow b")).await, 200);
    assert_eq!(batches.ran(), ["a", "slow", "slow", "b"]);
}

fn counts(outcome: &ItemsOutcome) -> [usize; 4] {
    [outcome.completed(), outcome.duplicates(), outcome.in_progress(), outcome.failed()]
}

fn failures(outcome: &ItemsOutcome) -> Vec<(&str, String)> {
    outcome.failures().iter().map(|failure| (failure.key(), failure.error().to_string())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_with_a_failing_item_gets_a_503_and_its_retry_runs_only_that_item() {
    let (layer, batches) = (layer(), Batches::default());
    batches.failing(&["b"]);
    let response = batches.respond(&layer, signed("msg_1", "a b c")).await;
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"5".parse().unwrap())
    );
    let outcome = batches.last();
    assert_eq!((counts(&outcome), outcome.status()), ([2, 0, 0, 1], StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(failures(&outcome), [("b", "injected failure".to_owned())]);

    batches.failing(&[]);
    let response = batches.respond(&layer, signed("msg_1", "a b c")).await;
    assert_eq!((response.status(), response.headers().get("retry-after")), (StatusCode::OK, None));
    let outcome = batches.last();
    assert_eq!((counts(&outcome), outcome.status()), ([1, 2, 0, 0], StatusCode::OK));
    assert_eq!(batches.ran(), ["a", "b", "c", "b"]);

    // Now the whole delivery is a duplicate.
    assert_eq!(
        batches.respond(&layer, signed("msg_1", "a b c")).await.headers()["x-webhook-duplicate"],
        "true"
    );
    assert_eq!(batches.ran().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_an_item_does_not_stop_the_others() {
    let (layer, batches) = (layer(), Batches::default());
    batches.failing(&["panic"]);
    assert_eq!(batches.send(&layer, signed("msg_1", "a panic b")).await, 503);
    let outcome = batches.last();
    assert_eq!(failures(&outcome), [("panic", "item handler panicked".to_owned())]);
    batches.failing(&[]);
    assert_eq!(batches.send(&layer, signed("msg_1", "a panic b")).await, 200);
    assert_eq!(batches.ran(), ["a", "panic", "b", "panic"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_before_it_returns_a_future_releases_its_item() {
    let delivery = delivery().await;
    let panics = |id: &'static str| {
        assert_ne!(id, "b", "injected panic");
        async { Ok::<(), BoxError>(()) }
    };
    let outcome = delivery.for_each(["a", "b", "c"], |id| *id, panics).await;
    assert_eq!((counts(&outcome), &*failures(&outcome)[0].1), ([2, 0, 0, 1], "item handler panicked"));
    let outcome = delivery.for_each(["a", "b", "c"], |id| *id, async |_| Ok::<(), BoxError>(())).await;
    assert_eq!(counts(&outcome), [1, 2, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_second_of_two_equal_keys_is_a_duplicate_unless_the_first_failed() {
    let (layer, batches) = (layer(), Batches::default());
    assert_eq!(batches.send(&layer, signed("msg_1", "a a")).await, 200);
    assert_eq!(counts(&batches.last()), [1, 1, 0, 0]);
    batches.failing(&["b"]);
    assert_eq!(batches.send(&layer, signed("msg_2", "b b")).await, 503);
    assert_eq!(counts(&batches.last()), [0, 0, 0, 2]);
    assert_eq!(batches.ran(), ["a", "b", "b"]);
}

#[tokio::test(start_paused = true)]
async fn an_item_with_an_empty_key_runs_in_each_retry() {
    let (layer, batches) = (layer(), Batches::default());
    batches.failing(&["a"]);
    // Two empty ids, and one item that fails.
    assert_eq!(batches.send(&layer, signed("msg_1", " a ")).await, 503);
    batches.failing(&[]);
    assert_eq!(batches.send(&layer, signed("msg_1", " a ")).await, 200);
    assert_eq!(batches.ran(), ["", "a", "", "", "a", ""]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_batch_succeeds() {
    let outcome = delivery().await.for_each([], |id: &&str| *id, async |_| Err::<(), _>("never")).await;
    assert_eq!((counts(&outcome), outcome.status()), ([0; 4], StatusCode::OK));
}

#[tokio::test(start_paused = true)]
async fn a_store_failure_for_one_item_fails_only_that_item() {
    let store = faulty_store();
    let (layer, batches) = (layer().dedupe(store.clone()), Batches::default());
    // The claims of the delivery and of "a" succeed, the claim of "b" fails.
    store.pass_next(Operation::Claim, 2);
    store.fail_next(Operation::Claim, 1, Fault::Error);
    assert_eq!(batches.send(&layer, signed("msg_1", "a b c")).await, 503);
    let outcome = batches.last();
    assert_eq!((counts(&outcome), outcome.failures()[0].key()), ([2, 0, 0, 1], "b"));
    assert!(outcome.failures()[0].error().is::<StoreError>());
    settle_down().await;
    assert_eq!(batches.send(&layer, signed("msg_1", "a b c")).await, 200);
    assert_eq!(batches.ran(), ["a", "c", "b"]);
}

#[tokio::test(start_paused = true)]
async fn the_layer_stops_calling_a_failed_store_after_three_items() {
    let store = faulty_store();
    let (layer, batches) = (layer().dedupe(store.clone()), Batches::default());
    store.pass_next(Operation::Claim, 1);
    store.fail_next(Operation::Claim, 3, Fault::Hang);
    let began = tokio::time::Instant::now();
    assert_eq!(batches.send(&layer, signed("msg_1", "a b c d e f")).await, 503);
    assert_eq!((counts(&batches.last()), began.elapsed()), ([0, 0, 0, 6], Duration::from_secs(3)));
    assert_eq!(store.calls(Operation::Claim), 4);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(batches.send(&layer, signed("msg_1", "a b c d e f")).await, 200);
    assert_eq!(batches.ran(), ["a", "b", "c", "d", "e", "f"]);
}

#[tokio::test(start_paused = true)]
async fn items_run_without_the_store_under_proceed() {
    let store = faulty_store();
    let layer = layer().dedupe(store.clone()).on_store_failure(StoreFailure::Proceed);
    let batches = Batches::default();
    store.fail(Operation::Claim, Fault::Error);
    assert_eq!(batches.send(&layer, signed("msg_1", "a b c d e")).await, 200);
    assert_eq!((counts(&batches.last()), batches.ran().len()), ([5, 0, 0, 0], 5));
}

/// GitHub never retries and hangs up after ten seconds. Items that have not run by then would be lost.
#[tokio::test(start_paused = true)]
async fn the_layer_stops_calling_a_hanging_store_after_three_items_under_proceed() {
    let store = faulty_store();
    let layer = layer().dedupe(store.clone()).on_store_failure(StoreFailure::Proceed);
    let batches = Batches::default();
    store.pass_next(Operation::Claim, 1);
    store.fail(Operation::Claim, Fault::Hang);
    let began = tokio::time::Instant::now();
    // Items without a key do not call the store, so they do not reset the count of the store's failures.
    let items = format!("a  b  c  {}", vec!["d"; 60].join(" "));
    assert_eq!(batches.send(&layer, signed("msg_1", &items)).await, 200);
    assert_eq!((counts(&batches.last()), batches.ran().len()), ([66, 0, 0, 0], 66));
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert_eq!(store.calls(Operation::Claim), 4);
}

#[tokio::test(start_paused = true)]
async fn without_a_store_each_item_runs() {
    let (layer, batches) = (layer().without_dedupe(), Batches::default());
    assert_eq!(batches.send(&layer, signed("msg_1", "a a")).await, 200);
    assert_eq!((counts(&batches.last()), batches.ran()), ([2, 0, 0, 0], vec!["a".to_owned(); 2]));
}

/// A task that awaits `for_each` can be spawned, whether its items are borrowed or owned, and with computed keys.
#[tokio::test(start_paused = true)]
async fn items_can_be_borrowed_or_owned_and_keys_computed() {
    struct Message {
        id: String,
        status: &'static str,
    }
    let delivery = delivery().await;
    tokio::spawn(async move {
        let messages = ["sent", "read"].map(|status| Message { id: "1".to_owned(), status });
        let handler = async |_: &Message| Ok::<(), BoxError>(());
        let outcome = delivery.for_each(&messages, |message| &message.id, handler).await;
        assert_eq!(counts(&outcome), [1, 1, 0, 0]);
        let key = |message: &Message| format!("{}/{}", message.id, message.status);
        let outcome = delivery.for_each(messages.iter(), |message| key(message), handler).await;
        assert_eq!(counts(&outcome), [2, 0, 0, 0]);
        let outcome = delivery.for_each(messages, key, async |_| Ok::<(), BoxError>(())).await;
        assert_eq!(counts(&outcome), [0, 2, 0, 0]);
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_response_shows_neither_errors_nor_keys_to_the_provider() {
    let outcome = delivery().await.for_each(["key"], |id| *id, async |_| Err::<(), _>("SECRET")).await;
    assert_eq!(outcome.to_response().body(), "1 of 1 items are not done");
    let shown = format!("{outcome:?} {:?}", outcome.failures());
    assert!(shown.contains("key") && !shown.contains("SECRET"), "{shown}");
}

/// Returns a delivery whose request has finished.
async fn delivery() -> Delivery {
    let handler = Handler::default();
    handler.under(&layer()).send(signed("msg_1", "{}")).await.assert_handled();
    handler.last()
}
