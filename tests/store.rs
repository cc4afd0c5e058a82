//! The contract test for each store, and tests of `MokaStore` and `CachedStore`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
    time::{Duration, SystemTime},
};

use tower_webhook::{
    Clock, ManualClock,
    store::{self, AnyStore, CachedStore, Claim, Key, MokaStore, Store, StoreError, Token},
};

const LEASE: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_secs(3600);

fn store_on(clock: &ManualClock, capacity: u64) -> MokaStore {
    MokaStore::new(capacity).clock(clock.clone())
}

async fn complete(store: &MokaStore, key: &Key) {
    complete_for(WINDOW, store, key).await;
}

async fn complete_for(window: Duration, store: &MokaStore, key: &Key) {
    let token = Token::mint();
    assert!(matches!(store.claim(key, &token, LEASE).await.unwrap(), Claim::Acquired { .. }), "{key}");
    assert!(store.complete(key, &token, window).await.unwrap());
}

async fn is_completed(store: &MokaStore, key: &Key) -> bool {
    let token = Token::mint();
    let claim = store.claim(key, &token, LEASE).await.unwrap();
    store.release(key, &token).await.unwrap();
    claim == Claim::Completed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_memory_store_keeps_the_contract() {
    let clock = ManualClock::at_unix(1_700_000_000);
    store::contract(store_on(&clock, 10_000), async |time| clock.advance(time)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_arc_of_a_store_keeps_the_contract() {
    let clock = ManualClock::at_unix(1_700_000_000);
    store::contract(Arc::new(store_on(&clock, 10_000)), async |time| clock.advance(time)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_type_erased_store_keeps_the_contract() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let memory = || store_on(&clock, 10_000);
    let cached = CachedStore::new(memory(), 100).clock(clock.clone());
    for store in [AnyStore::from(memory()), AnyStore::from(Arc::new(memory())), AnyStore::from(cached)] {
        store::contract(store, async |time| clock.advance(time)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cached_store_keeps_the_contract() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = CachedStore::new(store_on(&clock, 10_000), 100).clock(clock.clone());
    store::contract(store, async |time| clock.advance(time)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_of_the_documentation_keeps_the_contract() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = MapStore { records: Mutex::default(), clock: clock.clone() };
    store::contract(store, async |time| clock.advance(time)).await;
}

/// The store from the documentation of `store`, with a clock.
struct MapStore {
    records: Mutex<HashMap<Key, Record>>,
    clock: ManualClock,
}

struct Record {
    owner: Option<Token>, // `None` if completed
    fencing_token: u64,
    until: Duration,
}

impl Store for MapStore {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        let (mut records, now) = (self.records.lock().unwrap(), self.clock.monotonic());
        let mut fencing_token = 1;
        if let Some(record) = records.get(key) {
            let live = record.until > now;
            match &record.owner {
                None if live => return Ok(Claim::Completed),
                Some(owner) if live && owner != token => return Ok(Claim::InProgress),
                _ => fencing_token = record.fencing_token + 1,
            }
        }
        records.insert(key.clone(), Record { owner: Some(*token), fencing_token, until: now + lease });
        Ok(Claim::Acquired { fencing_token })
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.if_mine(key, token, |record, now| record.until = now + lease)
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        self.if_mine(key, token, |record, now| {
            record.owner = None;
            record.until = now + window;
        })
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        self.if_mine(key, token, |record, now| record.until = now)
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        let (mut records, now) = (self.records.lock().unwrap(), self.clock.monotonic());
        let completed = |record: &Record| record.owner.is_none() && record.until > now;
        let record = records.get_mut(key).filter(|record| completed(record));
        Ok(record.map(|record| record.until = now).is_some())
    }
}

impl MapStore {
    fn if_mine(
        &self,
        key: &Key,
        token: &Token,
        change: impl FnOnce(&mut Record, Duration),
    ) -> Result<bool, StoreError> {
        let (mut records, now) = (self.records.lock().unwrap(), self.clock.monotonic());
        let mine = |record: &&mut Record| record.owner == Some(*token) && record.until > now;
        Ok(records.get_mut(key).filter(mine).map(|record| change(record, now)).is_some())
    }
}

/// A store with one fault, which the contract test must detect.
struct Wrong {
    right: MapStore,
    fault: Fault,
    completed_by: Mutex<Option<Token>>,
    /// The number of callers that have found a key free and have not claimed it yet.
    looking: Mutex<HashMap<Key, usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    AllAcquire,
    AnyoneMayComplete,
    AnyoneMayExtend,
    AnyoneMayRelease,
    ForgetsCompletedKeys,
    ExtendHasNoEffect,
    ExtendsExpiredClaims,
    FencingRestartsWhenForgotten,
    FencingRestartsWhenReleased,
    FencingFallsWhenRepeated,
    ForgetsRunningClaims,
    ForgetsTooSoon,
    KeysReadAlike,
    ChecksBeforeItClaims,
    NoNewLeaseWhenRepeated,
    ReleasesCompletedKeys,
    RemembersTooLong,
}

impl Wrong {
    fn key(&self, key: &Key) -> Key {
        if self.fault == Fault::KeysReadAlike { Key::new("", key.as_str()) } else { key.clone() }
    }

    fn owner(&self, key: &Key) -> Option<Token> {
        let (records, now) = (self.right.records.lock().unwrap(), self.right.clock.monotonic());
        records.get(key).filter(|record| record.until > now)?.owner
    }
}

impl Store for Wrong {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        let key = &self.key(key);
        let owner = self.owner(key);
        let repeated = owner == Some(*token);
        if self.fault == Fault::NoNewLeaseWhenRepeated && repeated {
            return Ok(Claim::Acquired { fencing_token: u64::MAX });
        }
        if self.fault == Fault::ChecksBeforeItClaims && owner.is_none() {
            *self.looking.lock().unwrap().entry(key.clone()).or_default() += 1;
            // In the race, wait until another caller has found the key free as well.
            while key.id().starts_with("race-") && self.looking.lock().unwrap()[key] < 2 {
                tokio::task::yield_now().await;
            }
            // Ignore a claim that was made in the meantime.
            let mut records = self.right.records.lock().unwrap();
            if let Some(record) = records.get_mut(key).filter(|record| record.owner.is_some()) {
                record.until = Duration::ZERO;
            }
        }
        Ok(match (self.fault, self.right.claim(key, token, lease).await?) {
            (Fault::AllAcquire, _) => Claim::Acquired { fencing_token: 1 },
            (Fault::ForgetsCompletedKeys, Claim::Completed) => Claim::Acquired { fencing_token: 1 },
            (Fault::FencingFallsWhenRepeated, _) if repeated => Claim::Acquired { fencing_token: 0 },
            (_, claim) => claim,
        })
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        let key = &self.key(key);
        match self.fault {
            Fault::AnyoneMayExtend => self.right.extend(key, &self.owner(key).unwrap_or(*token), lease).await,
            Fault::ExtendHasNoEffect => self.right.if_mine(key, token, |_, _| {}),
            Fault::ExtendsExpiredClaims => {
                let (mut records, now) = (self.right.records.lock().unwrap(), self.right.clock.monotonic());
                let mine = records.get_mut(key).filter(|record| record.owner == Some(*token));
                // A claim that was just released ends at the current time. Do not extend it.
                let mine = mine.filter(|record| record.until != now);
                Ok(mine.map(|record| record.until = now + lease).is_some())
            }
            _ => self.right.extend(key, token, lease).await,
        }
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        let key = &self.key(key);
        *self.completed_by.lock().unwrap() = Some(*token);
        match self.fault {
            Fault::AnyoneMayComplete => {
                self.right.complete(key, &self.owner(key).unwrap_or(*token), window).await
            }
            Fault::ForgetsTooSoon => self.right.complete(key, token, window / 2).await,
            Fault::RemembersTooLong => self.right.complete(key, token, window * 2).await,
            _ => self.right.complete(key, token, window).await,
        }
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        let key = &self.key(key);
        let completed_it = *self.completed_by.lock().unwrap() == Some(*token);
        let mine = self.right.release(key, token).await?;
        if self.fault == Fault::FencingRestartsWhenReleased && mine {
            self.right.records.lock().unwrap().remove(key);
        }
        Ok(mine
            || self.fault == Fault::AnyoneMayRelease
            || self.fault == Fault::ReleasesCompletedKeys && completed_it)
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        let key = &self.key(key);
        let running = self.owner(key).is_some();
        let forgotten = self.right.forget(key).await?;
        if self.fault == Fault::FencingRestartsWhenForgotten && forgotten {
            self.right.records.lock().unwrap().remove(key);
        }
        Ok(forgotten || self.fault == Fault::ForgetsRunningClaims && running)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_test_detects_each_fault() {
    use Fault::*;
    for fault in [
        AllAcquire,
        AnyoneMayComplete,
        AnyoneMayExtend,
        AnyoneMayRelease,
        ForgetsCompletedKeys,
        ExtendHasNoEffect,
        ExtendsExpiredClaims,
        FencingRestartsWhenForgotten,
        FencingRestartsWhenReleased,
        FencingFallsWhenRepeated,
        ForgetsRunningClaims,
        ForgetsTooSoon,
        KeysReadAlike,
        ChecksBeforeItClaims,
        NoNewLeaseWhenRepeated,
        ReleasesCompletedKeys,
        RemembersTooLong,
    ] {
        let clock = ManualClock::at_unix(1_700_000_000);
        let runtime = tokio::runtime::Handle::current();
        let check = move || {
            let right = MapStore { records: Mutex::default(), clock: clock.clone() };
            let store = Wrong { right, fault, completed_by: Mutex::default(), looking: Mutex::default() };
            runtime.block_on(store::contract(store, async |time| clock.advance(time)));
        };
        assert!(
            tokio::task::spawn_blocking(check).await.unwrap_err().is_panic(),
            "{fault:?} was not detected"
        );
    }
}

#[tokio::test]
async fn a_full_store_evicts_only_completed_keys_and_the_oldest_first() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = store_on(&clock, 100);
    let key = |n: u32| Key::new("test", &n.to_string());
    let running: Vec<_> = (10_000..10_050).map(|n| (key(n), Token::mint())).collect();
    for (key, token) in &running {
        store.claim(key, token, LEASE).await.unwrap();
    }
    for n in 0..2000 {
        complete(&store, &key(n)).await;
    }
    for (key, token) in &running {
        assert!(store.extend(key, token, LEASE).await.unwrap(), "a running claim was evicted");
    }
    let mut remembered = 0;
    for n in 0..2000 {
        remembered += u32::from(is_completed(&store, &key(n)).await);
    }
    // The cache evicts in batches, so it may briefly hold a few more.
    assert!(
        (50..=200).contains(&remembered),
        "{remembered} of 2000 keys are remembered, with a capacity of 100"
    );
    assert!(is_completed(&store, &key(1999)).await && !is_completed(&store, &key(0)).await);
    assert!(store.evicted_early() >= 1000, "{}", store.evicted_early());
}

#[tokio::test]
async fn a_full_store_always_remembers_a_new_key() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = store_on(&clock, 100);
    for n in 0..1000 {
        let key = Key::new("test", &n.to_string());
        complete(&store, &key).await;
        // Old keys that are claimed often must not prevent new keys from being kept.
        for _ in 0..3 {
            assert!(is_completed(&store, &key).await, "key {n}");
        }
    }
}

#[tokio::test]
async fn keys_whose_window_is_over_do_not_count_as_evicted_early() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = store_on(&clock, 100);
    for n in 0..100 {
        complete(&store, &Key::new("old", &n.to_string())).await;
    }
    clock.advance(WINDOW);
    for n in 0..100 {
        complete(&store, &Key::new("new", &n.to_string())).await;
    }
    assert_eq!(store.evicted_early(), 0);
}

#[tokio::test]
async fn keys_are_also_removed_when_their_window_has_passed_in_real_time() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = store_on(&clock, 100);
    let (once, again) = (Key::new("test", "once"), Key::new("test", "again"));
    // `again` replaces a record that still exists although its window has passed.
    complete(&store, &again).await;
    clock.advance(WINDOW);
    // The manual clock does not advance from here on.
    let short = Duration::from_millis(20);
    for key in [once, again] {
        complete_for(short, &store, &key).await;
        let gone = async {
            while is_completed(&store, &key).await {
                tokio::time::sleep(short).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone)
            .await
            .unwrap_or_else(|_| panic!("{key} was not removed"));
    }
}

#[tokio::test]
async fn setting_the_time_of_day_changes_neither_leases_nor_windows() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = store_on(&clock, 100);
    let (running, handled, token) = (Key::new("test", "running"), Key::new("test", "handled"), Token::mint());
    store.claim(&running, &token, LEASE).await.unwrap();
    complete(&store, &handled).await;
    for seconds in [0, 4_000_000_000] {
        clock.set_now(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(is_completed(&store, &handled).await);
        assert!(store.extend(&running, &token, LEASE).await.unwrap());
    }
    assert_eq!(clock.monotonic(), Duration::ZERO);
}

#[tokio::test]
async fn a_maximal_lease_or_window_never_ends() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = store_on(&clock, 100);
    let (key, token) = (Key::new("test", "1"), Token::mint());
    store.claim(&key, &token, Duration::MAX).await.unwrap();
    clock.advance(Duration::from_secs(1 << 40));
    assert!(store.extend(&key, &token, Duration::MAX).await.unwrap());
    assert!(store.complete(&key, &token, Duration::MAX).await.unwrap());
    assert!(is_completed(&store, &key).await);
}

#[tokio::test]
async fn fencing_tokens_increase_from_one_process_to_the_next() {
    let claim =
        async |store: &MokaStore| match store.claim(&Key::new("test", "1"), &Token::mint(), LEASE).await {
            Ok(Claim::Acquired { fencing_token }) => fencing_token,
            other => panic!("{other:?}"),
        };
    // A process starts its fencing tokens at the current time in microseconds, and makes less than one claim per
    // microsecond. The tokens of earlier processes are therefore below the current time.
    let micros = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let before = claim(&MokaStore::new(10)).await;
    assert!(u128::from(before) >= micros, "{before} at {micros}");
    // A new store, as after a restart, on a clock that does not advance.
    let after = claim(&MokaStore::new(10).clock(ManualClock::at_unix(0))).await;
    assert!(after >= before, "{before}, {after}");
}

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

/// Returns a store that counts its claims, and two caches in front of it, as in two processes.
fn cached(clock: &ManualClock) -> (Arc<Counted>, [CachedStore<Arc<Counted>>; 2]) {
    let inner = Arc::new(Counted(store_on(clock, 1000), Mutex::default()));
    let cache = || CachedStore::new(Arc::clone(&inner), 100).clock(clock.clone());
    (Arc::clone(&inner), [cache(), cache()])
}

async fn claim(store: &impl Store, key: &Key) -> Claim {
    store.claim(key, &Token::mint(), LEASE).await.unwrap()
}

#[tokio::test]
async fn a_cache_answers_for_completed_keys_for_a_minute() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (inner, [one, other]) = cached(&clock);
    let (key, token) = (Key::new("test", "1"), Token::mint());
    one.claim(&key, &token, LEASE).await.unwrap();
    // The cache does not answer for claims in progress.
    for _ in 0..3 {
        assert_eq!(claim(&one, &key).await, Claim::InProgress);
    }
    assert_eq!(inner.claims(), 4);
    assert!(one.complete(&key, &token, WINDOW).await.unwrap());
    for (store, asked) in [(&one, 0), (&other, 1), (&other, 0)] {
        assert_eq!((claim(store, &key).await, inner.claims()), (Claim::Completed, asked));
    }
    clock.advance(Duration::from_secs(60));
    for store in [&one, &other] {
        assert_eq!((claim(store, &key).await, inner.claims()), (Claim::Completed, 1));
    }
}

#[tokio::test]
async fn a_cache_keeps_nothing_beyond_its_window() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (_, [store, _]) = cached(&clock);
    let (key, token) = (Key::new("test", "1"), Token::mint());
    store.claim(&key, &token, LEASE).await.unwrap();
    assert!(store.complete(&key, &token, Duration::from_secs(5)).await.unwrap());
    assert_eq!(claim(&store, &key).await, Claim::Completed);
    clock.advance(Duration::from_secs(5));
    assert!(matches!(claim(&store, &key).await, Claim::Acquired { .. }));
}

#[tokio::test]
async fn a_cache_does_not_keep_a_key_that_was_not_completed() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (_, [store, _]) = cached(&clock);
    let (key, token) = (Key::new("test", "1"), Token::mint());
    store.claim(&key, &token, LEASE).await.unwrap();
    clock.advance(LEASE);
    assert!(!store.complete(&key, &token, WINDOW).await.unwrap());
    assert!(matches!(claim(&store, &key).await, Claim::Acquired { .. }));
}

#[tokio::test]
async fn a_forgotten_key_is_free_here_at_once_and_elsewhere_within_a_minute() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (_, [one, other]) = cached(&clock);
    let (key, token) = (Key::new("test", "1"), Token::mint());
    one.claim(&key, &token, LEASE).await.unwrap();
    assert!(one.complete(&key, &token, WINDOW).await.unwrap());
    assert_eq!(claim(&other, &key).await, Claim::Completed);
    assert!(one.forget(&key).await.unwrap());
    assert_eq!(claim(&other, &key).await, Claim::Completed);
    clock.advance(Duration::from_secs(60));
    assert!(matches!(claim(&other, &key).await, Claim::Acquired { .. }));
}

#[tokio::test]
async fn a_cache_keeps_completions_after_a_forget() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (inner, [store, _]) = cached(&clock);
    let (key, token) = (Key::new("test", "1"), Token::mint());
    for _ in 0..2 {
        assert!(matches!(store.claim(&key, &token, LEASE).await.unwrap(), Claim::Acquired { .. }));
        assert!(store.complete(&key, &token, WINDOW).await.unwrap());
        assert_eq!(inner.claims(), 1);
        // The cache keeps the completion, even if the key was completed and forgotten before.
        assert_eq!((claim(&store, &key).await, inner.claims()), (Claim::Completed, 0));
        assert!(store.forget(&key).await.unwrap());
    }
}

#[tokio::test]
async fn answers_within_is_that_of_the_inner_store_and_none_by_default() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (inner, [cached, _]) = cached(&clock);
    assert_eq!(Store::answers_within(&inner), Some(Duration::from_millis(300)));
    assert_eq!(cached.answers_within(), Some(Duration::from_millis(300)));
    assert_eq!(AnyStore::from(cached).answers_within(), Some(Duration::from_millis(300)));
    assert_eq!(store_on(&clock, 10).answers_within(), Some(Duration::ZERO), "a memory store answers at once");
    let by_default = MapStore { records: Mutex::default(), clock };
    assert_eq!(by_default.answers_within(), None);
    assert_eq!(AnyStore::new(by_default).answers_within(), None);
}

#[tokio::test]
async fn a_cache_does_not_keep_a_result_from_before_a_forget() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (_, [one, other]) = cached(&clock);
    let (key, token) = (Key::new("test", "1"), Token::mint());
    one.claim(&key, &token, LEASE).await.unwrap();
    assert!(one.complete(&key, &token, WINDOW).await.unwrap());
    // The inner store has answered `Completed`, but the claim has not returned yet when the key is forgotten.
    let (late, forgotten) = tokio::join!(biased; claim(&other, &key), other.forget(&key));
    assert_eq!((late, forgotten.unwrap()), (Claim::Completed, true));
    assert!(matches!(claim(&other, &key).await, Claim::Acquired { .. }));
}

#[tokio::test]
async fn a_cache_does_not_keep_a_result_that_arrives_during_a_forget() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (inner, [one, other]) = cached(&clock);
    let (key, token) = (Key::new("test", "1"), Token::mint());
    one.claim(&key, &token, LEASE).await.unwrap();
    assert!(one.complete(&key, &token, WINDOW).await.unwrap());
    let (mut late, mut forget) = (pin!(claim(&other, &key)), pin!(other.forget(&key)));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(late.as_mut().poll(&mut cx).is_pending() && forget.as_mut().poll(&mut cx).is_pending());
    // The inner store has forgotten the key, but `forget` has not returned yet. Meanwhile, another process claims the
    // key.
    assert_eq!(late.await, Claim::Completed);
    assert!(matches!(claim(&*inner, &key).await, Claim::Acquired { .. }));
    assert_eq!(claim(&other, &key).await, Claim::InProgress);
    assert!(forget.await.unwrap());
}

#[tokio::test]
async fn a_cancelled_forget_removes_the_key_from_the_cache() {
    let clock = ManualClock::at_unix(1_700_000_000);
    let (_, [store, _]) = cached(&clock);
    let (key, token) = (Key::new("test", "1"), Token::mint());
    store.claim(&key, &token, LEASE).await.unwrap();
    assert!(store.complete(&key, &token, WINDOW).await.unwrap());
    let polled = pin!(store.forget(&key)).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    assert!(matches!(claim(&store, &key).await, Claim::Acquired { .. }));
}

#[test]
fn tokens_differ() {
    let threads: Vec<_> =
        (0..4).map(|_| std::thread::spawn(|| (0..1000).map(|_| Token::mint()).collect::<Vec<_>>())).collect();
    let tokens: std::collections::HashSet<_> =
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_eq!(tokens.len(), 4000);
    for token in tokens {
        let bytes = token.to_bytes();
        assert_eq!(bytes.map(|byte| format!("{byte:02x}")).concat(), token.to_string());
        // Both halves are set: one distinguishes processes, the other the tokens of one process.
        let (process, number) = bytes.split_at(8);
        assert!(process != [0; 8] && number != [0; 8], "{token}");
    }
}

#[test]
fn keys_are_bounded_and_distinct() {
    let long = "x".repeat(1 << 20);
    let key = Key::new(&long, &long);
    assert!(key.as_str().len() < 150);
    assert_ne!(key, Key::new(&long, &format!("{long}x")));
    assert_eq!(Key::new("s", &"x".repeat(128)).id().len(), 128);
    assert!(Key::new("s", &"x".repeat(129)).id().starts_with("sha256-"));
    assert_ne!(Key::new("a:b", "c"), Key::new("a", "b:c"));
    let key = Key::new("a:b", "c");
    assert_eq!((key.scope(), key.id()), ("a:b", "c"));
    assert_eq!((key.as_str(), key.to_string()), ("a:b:c", "a:b:c".to_owned()));
}
