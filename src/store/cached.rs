use std::{fmt, sync::Arc, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::{Claim, Key, Store, StoreError, Token, memory::IdentityHasher};
use crate::{
    Clock, SystemClock,
    sync::atomic::{AtomicU64, Ordering},
};

/// A [`Store`] with a cache of completed keys in front of another store. A duplicate of a delivery that this
/// process knows to be handled costs no round trip.
///
/// The cache keeps only completed keys, for at most a minute. A key that this process completed is not kept
/// beyond its window. A [`forget`](Store::forget) through this store empties the cache. A `forget` by another
/// process takes effect in this process within a minute. A duplicate that arrives just before the window of
/// its key ends can extend that window by up to a minute.
///
/// The cache helps if a provider sends duplicates in quick succession. A retry that comes minutes later still
/// costs a round trip. A key takes about 350 bytes.
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
    /// The number of `forget`s that have begun through this store.
    forgets: AtomicU64,
    /// The number of `forget`s that have ended.
    forgotten: AtomicU64,
    clock: Arc<dyn Clock>,
    capacity: u64,
}

const LONGEST: Duration = Duration::from_secs(60);

/// A key that the inner store reported as completed.
#[derive(Clone, Copy)]
struct CachedCompletion {
    /// The time until which the entry is valid, by the clock.
    until: Duration,
    /// The number of `forget`s when the inner store was called. The next `forget` invalidates the entry.
    forgets: u64,
}

impl<S: Store> CachedStore<S> {
    /// Creates a cache of at most `capacity` completed keys in front of `inner`; 0 counts as 1.
    #[must_use]
    pub fn new(inner: S, capacity: u64) -> Self {
        Self::with_clock(inner, capacity, Arc::new(SystemClock))
    }

    /// Sets the clock for the lifetime of cached keys, and empties the cache. Default:
    /// [`SystemClock`](crate::SystemClock).
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self::with_clock(self.inner, self.capacity, Arc::new(clock))
    }

    fn with_clock(inner: S, capacity: u64, clock: Arc<dyn Clock>) -> Self {
        let completed = Cache::builder()
            .max_capacity(capacity.max(1))
            .eviction_policy(EvictionPolicy::lru())
            // Keys also expire in real time, which frees the memory.
            .time_to_live(LONGEST)
            .build_with_hasher(IdentityHasher::default());
        Self { inner, completed, forgets: AtomicU64::new(0), forgotten: AtomicU64::new(0), clock, capacity }
    }

    /// Returns the inner store.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    fn is_completed(&self, hash: u128) -> bool {
        // `get` also updates the recency. A miss, which is the common case, ends at `contains_key`.
        self.completed.contains_key(&hash)
            && self.completed.get(&hash).is_some_and(|known| {
                known.until > self.clock.monotonic() && known.forgets == self.forgets.load(Ordering::SeqCst)
            })
    }

    /// Returns the number of `forget`s, to be read before a call of the inner store. `None` while a `forget`
    /// is running: the call may see the state before or after the `forget`, so its result is not cached.
    fn forgets(&self) -> Option<u64> {
        let over = self.forgotten.load(Ordering::SeqCst);
        (self.forgets.load(Ordering::SeqCst) == over).then_some(over)
    }

    /// Caches a key that the inner store reported as completed.
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

/// A guard that invalidates the cache on a `forget`, even if the call fails or is dropped, because the inner
/// store may have forgotten the key.
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
