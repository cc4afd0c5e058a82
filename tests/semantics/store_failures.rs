//! Stores that are down, slow, or do not respond.

use std::{error::Error, sync::Arc, time::Duration};

use http::{Request, request::Parts};
use http_body_util::Full;
use tokio::time::Instant;
use tower_webhook::{
    RejectionKind, Secret, Settlement, StoreFailure, WebhookLayer, provider,
    store::{Claim, Key, MokaStore, Store, StoreError, Token},
    testing::{self, Fault, FaultyStore, Operation},
    verify::Verifier,
};

use crate::{
    outcomes::Outcomes,
    sign::Sent,
    support::{
        Act, App, GITHUB_SECRET, Handler, TokioClock, faulty_store, github_layer, github_signed, hang_up,
        hang_up_during, layer, secret, settle_down, signed,
    },
};

#[tokio::test(start_paused = true)]
async fn deliveries_are_rejected_by_default_while_the_store_is_down() {
    let store = faulty_store();
    let handler = Handler::default();
    let app = handler.under(&layer().dedupe(store.clone()));
    store.fail(Operation::Claim, Fault::Error);
    let answer = app.send(signed("msg_1", "{}")).await;
    answer.assert_rejected(RejectionKind::StoreUnavailable);
    assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("10")));
    let cause = answer.rejection().unwrap().source().unwrap();
    assert_eq!(cause.source().unwrap().to_string(), "injected failure");
    assert_eq!(handler.calls(), 0);
    store.heal();
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_respond_times_out_after_a_second() {
    for fault in [Fault::Hang, Fault::ActAndHang] {
        let store = faulty_store();
        let handler = Handler::default();
        let app = handler.under(&layer().dedupe(store.clone()));
        store.fail(Operation::Claim, fault);
        let began = Instant::now();
        app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::StoreUnavailable);
        assert_eq!(began.elapsed(), Duration::from_secs(1));
        store.heal();
        tokio::time::sleep(Duration::from_secs(1)).await;
        // A claim that the store may have granted is released with its token.
        assert_eq!(store.calls(Operation::Release), 1);
        app.send(signed("msg_1", "{}")).await.assert_handled();
    }
}

#[tokio::test(start_paused = true)]
async fn under_proceed_deliveries_run_undeduped_and_report_it() {
    for fault in [Fault::Error, Fault::Hang, Fault::ActAndHang] {
        let store = faulty_store();
        let handler = Handler::default();
        let app = handler.under(&layer().dedupe(store.clone()).on_store_failure(StoreFailure::Proceed));
        store.fail(Operation::Claim, fault);
        app.send(signed("msg_1", "{}")).await.assert_handled();
        let delivery = handler.last();
        assert_eq!((delivery.is_deduped(), delivery.fencing_token()), (false, None));
        assert_eq!(delivery.dedupe_key().map(|key| key.id()), Some("msg_1"));
        store.heal();
        tokio::time::sleep(Duration::from_secs(1)).await;
        app.send(signed("msg_1", "{}")).await.assert_handled();
        assert!(handler.last().is_deduped());
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_that_cannot_be_stored_stays_a_success_and_is_stored_later() {
    for fault in [Fault::Error, Fault::Hang] {
        let store = faulty_store();
        let handler = Handler::default();
        let app = handler.under(&layer().dedupe(store.clone()));
        store.fail(Operation::Complete, fault);
        app.send(signed("msg_1", "{}")).await.assert_handled();
        // The claim is not completed yet, but its lease still holds: a retry gets a 503.
        app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
        tokio::time::sleep(Duration::from_secs(5)).await;
        store.heal();
        tokio::time::sleep(Duration::from_secs(5)).await;
        app.send(signed("msg_1", "{}")).await.assert_duplicate();
        assert_eq!((handler.calls(), store.calls(Operation::Release)), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn settling_stops_when_the_lease_expires() {
    let store = faulty_store();
    let handler = Handler::default();
    let app = handler.under(&layer().dedupe(store.clone()));
    store.fail(Operation::Complete, Fault::Error);
    app.send(signed("msg_1", "{}")).await.assert_handled();
    tokio::time::sleep(Duration::from_secs(31)).await;
    let tries = store.calls(Operation::Complete);
    assert!((8..=16).contains(&tries), "{tries}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(store.calls(Operation::Complete), tries);
}

#[tokio::test(start_paused = true)]
async fn a_slow_store_gets_a_few_releases_for_each_rejected_delivery() {
    // Later calls of `release` come 5 to 10 s after the previous call timed out; the first few come sooner.
    for (lease, deliveries, most) in
        [(Duration::from_secs(30), 1000, 7), (Duration::from_secs(3600), 20, 600)]
    {
        let store = faulty_store();
        let layer = layer().dedupe(store.clone()).lease(lease);
        let app = Handler::default().under(&layer);
        store.fail([Operation::Claim, Operation::Release], Fault::Hang);
        reject_at_once(&app, deliveries).await;
        assert_eq!(layer.drain().running(), deliveries);
        layer.drain().finished().await;
        let releases = store.calls(Operation::Release);
        assert_eq!(store.calls(Operation::Claim), deliveries);
        assert!(
            (3 * deliveries..=most * deliveries).contains(&releases),
            "{releases} in a lease of {lease:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn settlements_that_failed_together_are_not_retried_together() {
    let store = faulty_store();
    let layer = layer().dedupe(store.clone());
    let app = Handler::default().under(&layer);
    store.fail([Operation::Claim, Operation::Release], Fault::Error);
    reject_at_once(&app, 1000).await;
    let mut most = 0;
    while layer.drain().running() > 0 {
        let before = store.calls(Operation::Release);
        tokio::time::sleep(Duration::from_millis(10)).await;
        most = most.max(store.calls(Operation::Release) - before);
    }
    // Even the first retries are spread over a quarter of a second.
    assert!((1..200).contains(&most), "{most} within 10 ms");
}

#[tokio::test(start_paused = true)]
async fn pending_releases_are_bounded_and_do_not_crowd_out_completions() {
    let store = faulty_store();
    let layer = layer().dedupe(store.clone());
    let app = Handler::default().under(&layer);
    store.fail([Operation::Claim, Operation::Release], Fault::ActAndHang);
    reject_at_once(&app, 1500).await;
    assert_eq!(layer.drain().running(), 1024);

    store.heal();
    store.fail([Operation::Complete, Operation::Release], Fault::Error);
    app.send(signed("msg_handled", "{}")).await.assert_handled();
    assert_eq!(layer.drain().running(), 1025);
    store.heal();
    layer.drain().finished().await;
    app.send(signed("msg_handled", "{}")).await.assert_duplicate();

    // The claim whose release was dropped has expired.
    tokio::time::sleep(Duration::from_secs(30)).await;
    app.send(signed("1499", "{}")).await.assert_handled();
    app.send(signed("0", "{}")).await.assert_handled();
}

/// New releases must get through whether or not the store has latency.
#[tokio::test(start_paused = true)]
async fn pending_releases_of_an_outage_do_not_crowd_out_new_releases() {
    for latency in [Duration::ZERO, Duration::from_millis(1)] {
        let store = faulty_store();
        let remote = WithTimeout { store: store.clone(), limit: Duration::from_secs(5), latency };
        let layer = layer().dedupe(remote);
        let handler = Handler::doing([Act::Hang]);
        let app = handler.under(&layer);
        store.fail(Operation::Claim, Fault::Error);
        reject_at_once(&app, 1500).await;
        assert_eq!(layer.drain().running(), 1024);
        store.heal();

        hang_up_during(&app, signed("msg_1", "{}")).await;
        tokio::time::sleep(latency * 2).await;
        assert!(layer.drain().running() >= 1024);
        app.send(signed("msg_1", "{}")).await.assert_handled();
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_released_soon_after_an_outage_however_long_its_lease_is() {
    let store = faulty_store();
    let hour = Duration::from_secs(3600);
    let layer = layer().dedupe(store.clone()).lease(hour).tolerance(hour);
    let app = Handler::default().under(&layer);
    store.fail(Operation::Claim, Fault::ActAndHang);
    store.fail(Operation::Release, Fault::Error);
    reject_at_once(&app, 100).await;
    tokio::time::sleep(Duration::from_secs(1200)).await;
    assert_eq!(layer.drain().running(), 100);
    store.heal();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(layer.drain().running(), 0);
    app.send(signed("0", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn first_release_attempts_during_an_outage_are_bounded() {
    const CALLS: usize = 3000;
    let store = faulty_store();
    let layer = layer().dedupe(store.clone());
    let handler = Handler::doing([Act::Hang; CALLS]);
    let app = handler.under(&layer);
    let calls: Vec<_> = (0..CALLS).map(|id| app.start(signed(&id.to_string(), "{}"))).collect();
    while handler.running() < CALLS {
        settle_down().await;
    }
    store.fail(Operation::Release, Fault::Hang);
    for call in calls {
        hang_up(call).await;
    }
    assert_eq!(layer.drain().running(), 2048);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(layer.drain().running(), 1024);
}

/// Sends this many deliveries concurrently and checks that each is rejected.
async fn reject_at_once(app: &App, deliveries: usize) {
    let sent: Vec<_> = (0..deliveries).map(|id| app.start(signed(&id.to_string(), "{}"))).collect();
    for answer in sent {
        answer.await.unwrap().assert_rejected(RejectionKind::StoreUnavailable);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_cannot_be_released_is_passed_on_and_released_later() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Answer(500)]);
    let app = handler.under(&layer().dedupe(store.clone()));
    store.fail(Operation::Release, Fault::Hang);
    let began = Instant::now();
    assert_eq!(app.send(signed("msg_1", "{}")).await.status(), 500);
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    store.heal();
    tokio::time::sleep(Duration::from_secs(2)).await;
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn an_extension_that_times_out_is_retried_before_the_lease_ends() {
    for lease in [30_000, 3_000, 300].map(Duration::from_millis) {
        let store = faulty_store();
        let handler = Handler::doing([Act::Sleep(lease * 2)]);
        let app = handler.under(&layer().dedupe(store.clone()).lease(lease));
        store.fail_next(Operation::Extend, 1, Fault::Hang);
        let first = app.start(signed("msg_1", "{}"));
        tokio::time::sleep(lease * 4 / 3).await;
        app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::InProgress);
        first.await.unwrap().assert_handled();
        app.send(signed("msg_1", "{}")).await.assert_duplicate();
        assert_eq!(handler.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_while_extending_does_not_end_the_handler() {
    for adapt in [|layer| layer, WebhookLayer::detached] {
        let store = faulty_store();
        store.fail(Operation::Extend, Fault::Panic);
        let handler = Handler::doing([Act::Sleep(Duration::from_secs(25))]);
        let app = handler.under(&adapt(layer().dedupe(store.clone())));
        app.send(signed("msg_1", "{}")).await.assert_handled();
        assert_eq!(store.calls(Operation::Extend), 2);
        app.send(signed("msg_1", "{}")).await.assert_duplicate();
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_has_failed() {
    let store = faulty_store();
    let outcomes = Outcomes::default();
    let handler = Handler::doing([Act::Answer(200), Act::Answer(500)]);
    let app = handler.under(&outcomes.of(layer().dedupe(store.clone())));

    store.fail_next(Operation::Claim, 1, Fault::Panic);
    let answer = app.send(signed("msg_1", "{}")).await;
    answer.assert_rejected(RejectionKind::StoreUnavailable);
    let cause = answer.rejection().unwrap().source().unwrap();
    assert_eq!(cause.source().unwrap().to_string(), "store panicked");
    assert_eq!((outcomes.one().settlement(), handler.calls()), (None, 0));

    store.fail_next(Operation::Complete, 1, Fault::Panic);
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.send(signed("msg_1", "{}")).await.assert_handled();
    assert_eq!(outcomes.one().settlement(), Some(Settlement::Pending));
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.send(signed("msg_1", "{}")).await.assert_duplicate();

    store.fail_next(Operation::Release, 1, Fault::Panic);
    assert_eq!(app.send(signed("msg_2", "{}")).await.status(), 500);
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.send(signed("msg_2", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_before_it_returns_a_future_has_failed() {
    let app = Handler::default();
    let app = app.under(&layer().dedupe(Panicking));
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::StoreUnavailable);
}

/// A store that panics before it returns a future.
struct Panicking;

#[allow(refining_impl_trait, reason = "it never returns a future")]
impl Store for Panicking {
    fn claim(&self, _: &Key, _: &Token, _: Duration) -> std::future::Ready<Result<Claim, StoreError>> {
        panic!("claim")
    }

    fn extend(&self, _: &Key, _: &Token, _: Duration) -> std::future::Ready<Result<bool, StoreError>> {
        panic!("extend")
    }

    fn complete(&self, _: &Key, _: &Token, _: Duration) -> std::future::Ready<Result<bool, StoreError>> {
        panic!("complete")
    }

    fn release(&self, _: &Key, _: &Token) -> std::future::Ready<Result<bool, StoreError>> {
        panic!("release")
    }

    fn forget(&self, _: &Key) -> std::future::Ready<Result<bool, StoreError>> {
        panic!("forget")
    }

    fn answers_within(&self) -> Option<Duration> {
        panic!("answers_within")
    }
}

/// An evicted claim on the id must not let the claim on the body expire, or a retry would run concurrently.
#[tokio::test(start_paused = true)]
async fn a_lost_claim_on_the_id_keeps_the_claim_on_the_body() {
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(300))]);
    let store = faulty_store();
    let app = handler.under(&github_layer().dedupe(store.clone()).replay_guard());
    let first = app.start(github_signed("1", "{}"));
    settle_down().await;
    let handle = handler.last().claim_handle().unwrap();
    assert!(store.release(handle.key(), handle.token()).await.unwrap());
    // Longer than the lease.
    tokio::time::sleep(Duration::from_secs(100)).await;
    app.send(github_signed("1", "{}")).await.assert_rejected(RejectionKind::InProgress);
    first.await.unwrap().assert_handled();
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_never_retried_is_handled_while_the_store_is_down() {
    let github_sha1 = WebhookLayer::with_verifier(provider::github_sha1(github_secret()));
    for (layer, delivery) in [(github_layer(), github_signed("1", "{}")), (github_sha1, github_sha1_signed())]
    {
        let handler = Handler::default();
        let store = faulty_store();
        store.fail(Operation::Claim, Fault::Error);
        handler.under(&layer.dedupe(store)).send(delivery).await.assert_handled();
        assert!(!handler.last().is_deduped());
        assert!(handler.last().claim_item("a").await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn on_store_failure_overrides_the_providers_default() {
    let store = faulty_store();
    store.fail(Operation::Claim, Fault::Error);
    let layer = github_layer().dedupe(store).on_store_failure(StoreFailure::Reject);
    let app = Handler::default().under(&layer);
    app.send(github_signed("1", "{}")).await.assert_rejected(RejectionKind::StoreUnavailable);
}

#[tokio::test(start_paused = true)]
async fn the_selected_verifier_decides_the_default_for_a_store_failure() {
    let store = faulty_store();
    store.fail(Operation::Claim, Fault::Error);
    let layer = WebhookLayer::with_lookup(|head: &Parts| {
        let verifier: Arc<dyn Verifier> = if head.headers.contains_key("x-github-delivery") {
            Arc::new(provider::github(github_secret()))
        } else {
            Arc::new(provider::standard_webhooks(secret()).unwrap())
        };
        async move { Ok(Some(verifier)) }
    });
    let app = Handler::default().under(&layer.clock(TokioClock::start()).dedupe(store));
    app.send(github_signed("1", "{}")).await.assert_handled();
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::StoreUnavailable);
}

fn github_secret() -> Secret {
    GITHUB_SECRET.parse().unwrap()
}

fn github_sha1_signed() -> Sent {
    let github = provider::github_sha1(github_secret());
    let request = Request::post("/").header("x-github-delivery", "1").body("{}").unwrap();
    testing::sign(&github, request).unwrap().map(Full::from)
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_does_not_delay_the_handler() {
    let store = faulty_store();
    store.fail(Operation::Extend, Fault::Hang);
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(11))]);
    let app = handler.under(&layer().dedupe(store.clone()));
    let began = Instant::now();
    // The first heartbeat is at 10 s and gets no response; the handler finishes at 11 s.
    app.send(signed("msg_1", "{}")).await.assert_handled();
    assert_eq!(began.elapsed(), Duration::from_secs(11));
}

#[tokio::test(start_paused = true)]
async fn a_store_with_a_timeout_above_a_second_still_times_out_after_a_second() {
    let store = faulty_store();
    let app = Handler::default();
    let app = app.under(&layer().dedupe(WithTimeout::new(&store, Duration::from_secs(5))));
    store.fail(Operation::Claim, Fault::Hang);
    let began = Instant::now();
    app.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::StoreUnavailable);
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_layer_relies_on_a_short_timeout_of_the_store() {
    let store = faulty_store();
    let app = Handler::default();
    let app = app.under(&layer().dedupe(WithTimeout::new(&store, Duration::from_secs(1))));
    store.fail(Operation::Claim, Fault::Hang);
    // The layer sets no timeout for a store with a short `answers_within`. This store exceeds its own `answers_within`,
    // which is a bug in the store, so the request hangs.
    let waiting = tokio::time::timeout(Duration::from_secs(60), app.send(signed("msg_1", "{}")));
    assert!(waiting.await.is_err());
}

/// A store that implements `answers_within`.
struct WithTimeout {
    store: FaultyStore<MokaStore>,
    limit: Duration,
    /// The duration of a release.
    latency: Duration,
}

impl WithTimeout {
    fn new(store: &FaultyStore<MokaStore>, limit: Duration) -> Self {
        Self { store: store.clone(), limit, latency: Duration::ZERO }
    }
}

impl Store for WithTimeout {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        self.store.claim(key, token, lease).await
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.store.extend(key, token, lease).await
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        self.store.complete(key, token, window).await
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        self.store.release(key, token).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        self.store.forget(key).await
    }

    fn answers_within(&self) -> Option<Duration> {
        Some(self.limit)
    }
}
