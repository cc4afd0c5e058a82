//! Concurrent duplicates of a delivery, or deliveries with the same item, sent to a service behind the layer. The store
//! yields before and after each operation and sometimes fails, clients hang up at any moment, and handlers succeed or
//! fail. Still, unless a lease expires, runs must not overlap and must not repeat after a success. In the end, the
//! store must know whether the delivery was handled, and the delivery's claim must be free.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use shuttle::{
    future::{block_on, yield_now},
    rand::{Rng, thread_rng},
    thread,
};
use tokio::time::{pass, passed};
use tower_layer::Layer;
use tower_service::Service;
use tower_webhook::{
    Body, Clock, Delivery, Item, WebhookLayer,
    store::{Claim, Key, MokaStore, Store, StoreError, Token},
    verify::{Profile, Verified, from_fn},
};

const LEASE: Duration = Duration::from_secs(30);
const DUPLICATES: usize = 3;

#[derive(Clone, Copy, PartialEq)]
enum Of {
    Delivery,
    /// The same body under different ids, with `replay_guard`.
    Body,
    Item,
}

#[derive(Clone, Copy)]
struct Case {
    of: Of,
    detached: bool,
    /// `true` if enough time may pass for leases to expire.
    leases_expire: bool,
}

#[test]
fn a_delivery() {
    play(Case { of: Of::Delivery, detached: false, leases_expire: false });
}

#[test]
fn a_detached_delivery() {
    play(Case { of: Of::Delivery, detached: true, leases_expire: false });
}

#[test]
fn a_body_under_several_ids() {
    play(Case { of: Of::Body, detached: false, leases_expire: false });
}

#[test]
fn an_item() {
    play(Case { of: Of::Item, detached: false, leases_expire: false });
}

#[test]
fn a_delivery_whose_leases_expire() {
    play(Case { of: Of::Delivery, detached: false, leases_expire: true });
}

#[test]
fn an_item_whose_leases_expire() {
    play(Case { of: Of::Item, detached: false, leases_expire: true });
}

fn play(case: Case) {
    let schedules = std::env::var("SCHEDULES").map_or(1000, |schedules| schedules.parse().unwrap());
    shuttle::check_random(move || send_duplicates(case), schedules);
    shuttle::check_pct(move || send_duplicates(case), schedules, 3);
}

fn send_duplicates(case: Case) {
    let memory = Arc::new(MokaStore::new(100).clock(ModelClock));
    let ledger = Arc::new(Ledger { case, runs: Mutex::default() });
    let (failures, keys) = (Mutex::new(2), Mutex::default());
    let store = Arc::new(Unreliable { inner: memory.clone(), failures, keys, ledger: ledger.clone() });
    let verifier = from_fn(move |request, _| {
        let verified = Verified::new();
        Ok(match case.of {
            Of::Delivery => verified.with_id("the same"),
            Of::Body => verified.with_id(request.head().uri.path()).with_mac([7; 32]),
            Of::Item => verified,
        })
    });
    let profile = Profile::new("model").with_id_signed(case.of != Of::Body);
    let mut layer = WebhookLayer::with_verifier(verifier.with_profile(profile))
        .dedupe(store.clone())
        .scope("model")
        .lease(LEASE);
    if case.of == Of::Body {
        layer = layer.replay_guard();
    }
    if case.detached {
        layer = layer.detached();
    }
    let drain = layer.drain();
    let service = layer.layer(Handler(ledger.clone()));

    let sending = Arc::new(Mutex::new(DUPLICATES));
    for number in 0..DUPLICATES {
        let (mut service, sending) = (service.clone(), sending.clone());
        thread::spawn(move || {
            let request = Request::get(format!("/{number}")).body(Full::new(Bytes::new())).unwrap();
            let patience = thread_rng().gen_bool(0.5).then(|| thread_rng().gen_range(0..12));
            block_on(HangsUp { call: Some(Box::pin(service.call(request))), patience });
            *sending.lock().unwrap() -= 1;
        });
    }
    // Advance time meanwhile, because failed settlements are retried after a delay.
    let over = Arc::new(AtomicBool::new(false));
    let (end, are_sending) = (over.clone(), sending.clone());
    thread::spawn(move || {
        while *are_sending.lock().unwrap() > 0 {
            thread::yield_now();
        }
        block_on(drain.finished());
        end.store(true, Ordering::SeqCst);
    });
    let (mut left, mut kept, begun) = (LEASE / 2, LEASE / 3, passed());
    // If no lease may expire, only the time in `left` may pass. In a few schedules, this time is used up before the
    // last retry starts to wait. Leases may then expire after all.
    let (mut idle, mut leases_expire) = (0, case.leases_expire);
    while !over.load(Ordering::SeqCst) {
        // Reserve some time for the back-off of the last failure.
        if *sending.lock().unwrap() == 0 {
            left += std::mem::take(&mut kept);
        }
        let step = if leases_expire && thread_rng().gen_bool(0.2) {
            LEASE
        } else {
            Duration::from_millis(thread_rng().gen_range(0..=400))
        };
        // If no lease may expire, time is limited to `left`, which normally suffices for the retries.
        if leases_expire || left > step {
            left = left.saturating_sub(step);
            pass(step);
        } else {
            idle += 1;
            leases_expire = idle == 10_000;
        }
        thread::yield_now();
        assert!(leases_expire || passed() - begun < LEASE);
    }

    let (successes, settles) = (ledger.runs.lock().unwrap().successes, !leases_expire);
    for key in &*store.keys.lock().unwrap() {
        let claim = block_on(memory.claim(key, &Token::mint(), LEASE)).unwrap();
        match (case.of, claim) {
            (_, Claim::InProgress) if settles => panic!("claim on {key} is still held"),
            (Of::Delivery | Of::Item, Claim::Completed) => {
                assert!(successes > 0, "{key} is completed but was not handled")
            }
            (Of::Delivery | Of::Item, Claim::Acquired { .. }) if settles => {
                assert_eq!(successes, 0, "{key} was handled but is not completed");
            }
            _ => {}
        }
    }
    pass(LEASE * 2);
    for key in &*store.keys.lock().unwrap() {
        let claim = block_on(memory.claim(key, &Token::mint(), LEASE)).unwrap();
        assert!(!matches!(claim, Claim::InProgress), "claim on {key} did not expire");
    }
}

/// The record of all runs.
struct Ledger {
    case: Case,
    runs: Mutex<Runs>,
}

#[derive(Default)]
struct Runs {
    /// The time at or shortly before each claim, by fencing token.
    claimed: HashMap<u64, Duration>,
    /// The fencing tokens of the current runs.
    working: Vec<Option<u64>>,
    /// The fencing tokens of all runs so far.
    numbers: Vec<Option<u64>>,
    successes: usize,
}

impl Ledger {
    async fn work(&self, fencing: Option<u64>) {
        let working = Working::begin(self, fencing);
        for _ in 0..thread_rng().gen_range(0..3) {
            yield_now().await;
        }
        drop(working);
    }

    fn assert_handled(&self) {
        assert!(self.runs.lock().unwrap().successes > 0, "it is a duplicate but was not handled");
    }
}

struct Working<'l>(&'l Ledger, Option<u64>);

impl<'l> Working<'l> {
    fn begin(ledger: &'l Ledger, fencing: Option<u64>) -> Self {
        let (now, mut runs) = (passed(), ledger.runs.lock().unwrap());
        if !ledger.case.leases_expire {
            assert_eq!(runs.successes, 0, "ran again after a success");
        }
        let lost =
            |number: &Option<u64>| ledger.case.leases_expire && runs.claimed[&number.unwrap()] + LEASE <= now;
        // A run whose lease has expired may overlap another.
        assert!(lost(&fencing) || runs.working.iter().all(lost), "two runs overlap");
        // The fencing token belongs to the claim on the id. Deliveries with the same body have different ids, so their
        // fencing tokens are unrelated.
        if ledger.case.of != Of::Body {
            let (numbers, latest) = (&runs.numbers, runs.numbers.iter().max().copied().flatten());
            assert!(
                fencing.is_some() && !numbers.contains(&fencing),
                "fencing token {fencing:?} was used before"
            );
            assert!(fencing > latest || lost(&fencing), "fencing token {fencing:?} after {latest:?}");
        }
        runs.numbers.push(fencing);
        runs.working.push(fencing);
        Self(ledger, fencing)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.runs.lock().unwrap().working.retain(|working| *working != self.1);
    }
}

#[derive(Clone)]
struct Handler(Arc<Ledger>);

impl Service<Request<Body>> for Handler {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let ledger = self.0.clone();
        Box::pin(async move {
            let delivery: &Delivery = request.extensions().get().unwrap();
            let handled = if ledger.case.of == Of::Item {
                match delivery.claim_item("the same").await {
                    Ok(Item::Claimed(item)) => {
                        let fencing = item.fencing_token();
                        item.run(handle(&ledger, fencing)).await.is_ok()
                    }
                    Ok(Item::Duplicate) => {
                        ledger.assert_handled();
                        true
                    }
                    Ok(Item::InProgress) | Err(_) => false,
                }
            } else {
                handle(&ledger, delivery.fencing_token()).await.is_ok()
            };
            let mut response = Response::new(Full::default());
            if !handled {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            Ok(response)
        })
    }
}

async fn handle(ledger: &Ledger, fencing: Option<u64>) -> Result<(), ()> {
    ledger.work(fencing).await;
    let succeeds = thread_rng().gen_bool(0.5);
    // There is no await point between this and the layer's decision to complete the claim.
    ledger.runs.lock().unwrap().successes += usize::from(succeeds);
    if succeeds { Ok(()) } else { Err(()) }
}

/// A call whose client hangs up after `patience` polls, or never.
struct HangsUp<F> {
    call: Option<Pin<Box<F>>>,
    patience: Option<usize>,
}

impl<F: Future> Future for HangsUp<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.patience == Some(0) {
            self.call = None;
            return Poll::Ready(None);
        }
        self.patience = self.patience.map(|patience| patience - 1);
        self.call.as_mut().unwrap().as_mut().poll(cx).map(Some)
    }
}

#[derive(Clone, Copy)]
struct ModelClock;

impl Clock for ModelClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        passed()
    }
}

/// A store that yields around each operation and sometimes fails, before or after the operation takes effect.
struct Unreliable<S> {
    inner: S,
    failures: Mutex<usize>,
    /// The keys of all claims.
    keys: Mutex<Vec<Key>>,
    ledger: Arc<Ledger>,
}

impl<S: Store> Unreliable<S> {
    async fn around<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.may_fail().await?;
        let done = operation.await;
        self.may_fail().await?;
        done
    }

    async fn may_fail(&self) -> Result<(), StoreError> {
        if thread_rng().gen_bool(0.5) {
            yield_now().await;
        }
        let fails = thread_rng().gen_bool(0.1);
        let mut failures = self.failures.lock().unwrap();
        if fails && *failures > 0 {
            *failures -= 1;
            return Err(StoreError::new("injected failure"));
        }
        Ok(())
    }
}

impl<S: Store> Store for Unreliable<S> {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        {
            let mut keys = self.keys.lock().unwrap();
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        let claiming = async {
            let now = passed();
            let claim = self.inner.claim(key, token, lease).await;
            if let Ok(Claim::Acquired { fencing_token }) = claim {
                self.ledger.runs.lock().unwrap().claimed.insert(fencing_token, now);
            }
            claim
        };
        self.around(claiming).await
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.around(self.inner.extend(key, token, lease)).await
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        self.around(self.inner.complete(key, token, window)).await
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        self.around(self.inner.release(key, token)).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        self.around(self.inner.forget(key)).await
    }
}
