//! `CachedStore`: what it keeps, and for how long.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
    time::Duration,
};

use tower_webhook::{
    ManualClock,
    store::{AnyStore, CachedStore, Claim, Key, MokaStore, Store, StoreError, Token},
};

use crate::{LEASE, WINDOW, contract::MapStore, store_on};

/// A store in memory that counts its claims.
struct Counted(MokaStore, Mutex<usize>);

impl Store for Counted {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        *self.1.lock().unwrap() += 1;
        let claim = self.0.claim(key, token, lease).await;
        // Yield between the claim and its result, as over a network.
        tokio::task::yield_now().await;
        claim
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.0.extend(key, token, lease).await
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        self.0.complete(key, token, window).await
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        self.0.release(key, token).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        let forgotten = self.0.forget(key).await;
        tokio::task::yield_now().await;
        forgotten
    }

    fn answers_within(&self) -> Option<Duration> {
        Some(Duration::from_millis(300))
    }
}

impl Counted {
    fn claims(&self) -> usize {
        std::mem::take(&mut *self.1.lock().unwrap())
    }
}

/// Two caches in front of a store that counts its claims, as in two processes, and a key.
struct Caches {
    clock: ManualClock,
    inner: Arc<Counted>,
    one: CachedStore<Arc<Counted>>,
    other: CachedStore<Arc<Counted>>,
    key: Key,
}

impl Caches {
    fn new() -> Self {
        let clock = ManualClock::at_unix(1_700_000_000);
        let inner = Arc::new(Counted(store_on(&clock, 1000), Mutex::default()));
        let cache = || CachedStore::new(Arc::clone(&inner), 100).clock(clock.clone());
        let (one, other, key) = (cache(), cache(), Key::new("test", "1"));
        Self { one, other, clock, inner, key }
    }

    /// Claims and completes the key through the first cache.
    async fn complete(&self, window: Duration) {
        let token = Token::mint();
        self.one.claim(&self.key, &token, LEASE).await.unwrap();
        assert!(self.one.complete(&self.key, &token, window).await.unwrap());
    }

    async fn claim(&self, store: &impl Store) -> Claim {
        store.claim(&self.key, &Token::mint(), LEASE).await.unwrap()
    }

    async fn acquires(&self, store: &impl Store) -> bool {
        matches!(self.claim(store).await, Claim::Acquired { .. })
    }
}

#[tokio::test]
async fn a_cache_answers_for_completed_keys_for_a_minute() {
    let caches = Caches::new();
    let (token, Caches { inner, one, other, key, .. }) = (Token::mint(), &caches);
    one.claim(key, &token, LEASE).await.unwrap();
    // The cache does not answer for claims in progress.
    for _ in 0..3 {
        assert_eq!(caches.claim(one).await, Claim::InProgress);
    }
    assert_eq!(inner.claims(), 4);
    assert!(one.complete(key, &token, WINDOW).await.unwrap());
    for (store, asked) in [(one, 0), (other, 1), (other, 0)] {
        assert_eq!((caches.claim(store).await, inner.claims()), (Claim::Completed, asked));
    }
    caches.clock.advance(Duration::from_secs(60));
    for store in [one, other] {
        assert_eq!((caches.claim(store).await, inner.claims()), (Claim::Completed, 1));
    }
}

#[tokio::test]
async fn a_cache_keeps_nothing_beyond_its_window() {
    let caches = Caches::new();
    caches.complete(Duration::from_secs(5)).await;
    assert_eq!(caches.claim(&caches.one).await, Claim::Completed);
    caches.clock.advance(Duration::from_secs(5));
    assert!(caches.acquires(&caches.one).await);
}

#[tokio::test]
async fn a_cache_does_not_keep_a_key_that_was_not_completed() {
    let caches = Caches::new();
    let token = Token::mint();
    caches.one.claim(&caches.key, &token, LEASE).await.unwrap();
    caches.clock.advance(LEASE);
    assert!(!caches.one.complete(&caches.key, &token, WINDOW).await.unwrap());
    assert!(caches.acquires(&caches.one).await);
}

#[tokio::test]
async fn a_forgotten_key_is_free_here_at_once_and_elsewhere_within_a_minute() {
    let caches = Caches::new();
    caches.complete(WINDOW).await;
    assert_eq!(caches.claim(&caches.other).await, Claim::Completed);
    assert!(caches.one.forget(&caches.key).await.unwrap());
    assert_eq!(caches.claim(&caches.other).await, Claim::Completed);
    caches.clock.advance(Duration::from_secs(60));
    assert!(caches.acquires(&caches.other).await);
}

#[tokio::test]
async fn a_cache_keeps_completions_after_a_forget() {
    let caches = Caches::new();
    for _ in 0..2 {
        caches.complete(WINDOW).await;
        assert_eq!(caches.inner.claims(), 1);
        // The cache keeps the completion, even if the key was completed and forgotten before.
        assert_eq!((caches.claim(&caches.one).await, caches.inner.claims()), (Claim::Completed, 0));
        assert!(caches.one.forget(&caches.key).await.unwrap());
    }
}

#[tokio::test]
async fn answers_within_is_that_of_the_inner_store_and_none_by_default() {
    let Caches { clock, inner, one, .. } = Caches::new();
    assert_eq!(Store::answers_within(&inner), Some(Duration::from_millis(300)));
    assert_eq!(one.answers_within(), Some(Duration::from_millis(300)));
    assert_eq!(AnyStore::from(one).answers_within(), Some(Duration::from_millis(300)));
    assert_eq!(store_on(&clock, 10).answers_within(), Some(Duration::ZERO), "a memory store answers at once");
    assert_eq!(MapStore::new(clock.clone()).answers_within(), None);
    assert_eq!(AnyStore::new(MapStore::new(clock)).answers_within(), None);
}

#[tokio::test]
async fn a_cache_does_not_keep_a_result_from_before_a_forget() {
    let caches = Caches::new();
    caches.complete(WINDOW).await;
    let other = &caches.other;
    // The inner store has answered `Completed`, but the claim has not returned yet when the key is forgotten.
    let (late, forgotten) = tokio::join!(biased; caches.claim(other), other.forget(&caches.key));
    assert_eq!((late, forgotten.unwrap()), (Claim::Completed, true));
    assert!(caches.acquires(other).await);
}

#[tokio::test]
async fn a_cache_does_not_keep_a_result_that_arrives_during_a_forget() {
    let caches = Caches::new();
    caches.complete(WINDOW).await;
    let other = &caches.other;
    let (mut late, mut forget) = (pin!(caches.claim(other)), pin!(other.forget(&caches.key)));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(late.as_mut().poll(&mut cx).is_pending() && forget.as_mut().poll(&mut cx).is_pending());
    // The inner store has forgotten the key, but `forget` has not returned yet. Meanwhile, another process claims the
    // key.
    assert_eq!(late.await, Claim::Completed);
    assert!(caches.acquires(&*caches.inner).await);
    assert_eq!(caches.claim(other).await, Claim::InProgress);
    assert!(forget.await.unwrap());
}

#[tokio::test]
async fn a_cancelled_forget_removes_the_key_from_the_cache() {
    let caches = Caches::new();
    caches.complete(WINDOW).await;
    let polled = pin!(caches.one.forget(&caches.key)).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    assert!(caches.acquires(&caches.one).await);
}
