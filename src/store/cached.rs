use std::{fmt, sync::Arc, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::{Claim, Key, Store, StoreError, Token, memory::IdentityHasher};
use crate::{
    Clock, SystemClock,
    sync::atomic::{AtomicU64, Ordering},
};

/// A small memory before another [`Store`]: a duplicate of what this process knows to be handled
/// costs no round trip.
///
/// Only completed keys are kept, for a minute at most, and no longer than the window of what this
/// process completed itself. So it follows a [`forget`](Store::forget) elsewhere within a minute,
/// and one through itself at once, with which it begins anew. All else is the other store's
/// business. The other side of it: when a duplicate arrives right before its window ends, that end
/// comes up to a minute later.
///
/// It pays where providers repeat themselves quickly; a retry that comes after minutes costs its
/// round trip all the same. A key takes some 350 bytes.
///
/// ```no_run
/// # #[cfg(feature = "redis")]
/// # async fn demo(secret: tower_webhook::Secret) -> Result<(), tower_webhook::BoxError> {
/// use tower_webhook::{WebhookLayer, store::{CachedStore, RedisStore}};
///
/// let redis = RedisStore::connect("redis://127.0.0.1").await?;
/// let layer = WebhookLayer::new(secret).dedupe(CachedStore::new(redis, 10_000));
/// # Ok(())
/// # }
/// ```
pub struct CachedStore<S> {
    inner: S,
    completed: Cache<u128, CachedCompletion, IdentityHasher>,
    /// How many `forget`s through this store have begun.
    forgets: AtomicU64,
    /// How many of them are over.
    forgotten: AtomicU64,
    clock: Arc<dyn Clock>,
    capacity: u64,
}

const LONGEST: Duration = Duration::from_secs(60);

/// What the other store has said to be completed.
#[derive(Clone, Copy)]
struct CachedCompletion {
    /// Until when it is believed, by the clock.
    until: Duration,
    /// How many `forget`s there had been when it was asked: it is believed until the next begins.
    forgets: u64,
}

impl<S: Store> CachedStore<S> {
    /// A memory of at most `capacity` completed keys before `inner`; 0 counts as 1.
    #[must_use]
    pub fn new(inner: S, capacity: u64) -> Self {
        Self::with_clock(inner, capacity, Arc::new(SystemClock))
    }

    /// Measures with `clock` for how long a key is kept here, and drops those that it held.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self::with_clock(self.inner, self.capacity, Arc::new(clock))
    }

    fn with_clock(inner: S, capacity: u64, clock: Arc<dyn Clock>) -> Self {
        let completed = Cache::builder()
            .max_capacity(capacity.max(1))
            .eviction_policy(EvictionPolicy::lru())
            // In real time, which gives their memory back.
            .time_to_live(LONGEST)
            .build_with_hasher(IdentityHasher::default());
        Self { inner, completed, forgets: AtomicU64::new(0), forgotten: AtomicU64::new(0), clock, capacity }
    }

    /// The store behind it.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    fn is_completed(&self, hash: u128) -> bool {
        // A miss, the usual case, is not noted; a hit is, which makes the key the latest seen.
        self.completed.contains_key(&hash)
            && self.completed.get(&hash).is_some_and(|known| {
                known.until > self.clock.monotonic() && known.forgets == self.forgets.load(Ordering::SeqCst)
            })
    }

    /// How many `forget`s there have been, before the other store is asked. While one is running, which
    /// its answer may be older or newer than, nothing that it says is kept: `None`.
    fn forgets(&self) -> Option<u64> {
        let over = self.forgotten.load(Ordering::SeqCst);
        (self.forgets.load(Ordering::SeqCst) == over).then_some(over)
    }

    /// Keeps what the other store has just said to be completed.
    fn keep(&self, hash: u128, time: Duration, forgets: Option<u64>) {
        if let Some(forgets) = forgets {
            let until = self.clock.monotonic().saturating_add(time.min(LONGEST));
            self.completed.insert(hash, CachedCompletion { until, forgets });
        }
    }
}

impl<S: Store> Store for CachedStore<S> {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        let hash = key.digest();
        if self.is_completed(hash) {
            return Ok(Claim::Completed);
        }
        let forgets = self.forgets();
        let claim = self.inner.claim(key, token, lease).await?;
        if claim == Claim::Completed {
            self.keep(hash, LONGEST, forgets);
        }
        Ok(claim)
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.inner.extend(key, token, lease).await
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        let forgets = self.forgets();
        let mine = self.inner.complete(key, token, window).await?;
        if mine {
            self.keep(key.digest(), window, forgets);
        }
        Ok(mine)
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        self.inner.release(key, token).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        let _guard = ForgetGuard::begin(&self.forgets, &self.forgotten);
        self.inner.forget(key).await
    }

    fn answers_within(&self) -> Option<Duration> {
        self.inner.answers_within()
    }
}

/// The other store is told to forget: whatever it said before is not believed any more, even if that
/// fails, or is not waited for, as it may have forgotten all the same.
struct ForgetGuard<'s>(&'s AtomicU64);

impl<'s> ForgetGuard<'s> {
    fn begin(begun: &AtomicU64, over: &'s AtomicU64) -> Self {
        begun.fetch_add(1, Ordering::SeqCst);
        Self(over)
    }
}

impl Drop for ForgetGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<S: fmt::Debug> fmt::Debug for CachedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedStore")
            .field("inner", &self.inner)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
