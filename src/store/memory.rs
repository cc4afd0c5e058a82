use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, Hasher},
    sync::{Arc, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use moka::{Expiry, policy::EvictionPolicy, sync::Cache};

use super::{Claim, Key, Store, StoreError, Token};
use crate::{
    Clock, SystemClock,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// A [`Store`] in the memory of this process, the layer's default.
///
/// Claims in progress are never evicted; there is one for each running handler. Completed keys are kept for
/// their window, up to a capacity; beyond it, the least recently seen are evicted first. **The capacity must
/// exceed the number of deliveries in a window**, or a late duplicate runs again: monitor
/// [`evicted_early`](Self::evicted_early). A key takes about 420 bytes.
///
/// The store is local to the process and is lost on restart.
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer, store::MokaStore};
///
/// let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
/// let layer = WebhookLayer::new(secret).dedupe(MokaStore::new(1_000_000));
/// # Ok::<(), tower_webhook::InvalidSecret>(())
/// ```
pub struct MokaStore {
    /// Each change of a key happens under its shard's lock, which makes it atomic.
    shards: [Mutex<HashMap<u128, RunningClaim, IdentityHasher>>; SHARDS],
    completed: Cache<u128, CompletedKey, IdentityHasher>,
    evictions: Arc<Evictions>,
    last_fencing_token: AtomicU64,
    clock: Arc<dyn Clock>,
    capacity: u64,
}

const SHARDS: usize = 32;

#[derive(Clone, Copy)]
struct RunningClaim {
    owner: Token,
    fencing_token: u64,
    until: Duration,
}

/// A completed key, which detects its eviction in `Drop`.
///
/// With an eviction listener, each insert would take a lock that costs more than the insert.
#[derive(Clone)]
struct CompletedKey(Arc<Completion>);

/// The window of a completed key, in microseconds to keep it small. Times are rounded up, so that no window is
/// shorter than it should be.
struct Completion {
    /// The end of the window; 0 once the key is forgotten.
    until: AtomicU64,
    window: u64,
    evictions: Arc<Evictions>,
}

struct Evictions {
    early: AtomicU64,
    clock: Arc<dyn Clock>,
}

impl CompletedKey {
    fn new(now: Duration, window: Duration, evictions: &Arc<Evictions>) -> Self {
        let (until, evictions) = (micros(now.saturating_add(window)).into(), Arc::clone(evictions));
        Self(Arc::new(Completion { until, window: micros(window), evictions }))
    }

    fn is_live(&self, now: Duration) -> bool {
        u128::from(self.0.until.load(Ordering::Relaxed)) > now.as_micros()
    }

    fn window(&self) -> Duration {
        Duration::from_micros(self.0.window)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000)).unwrap_or(u64::MAX)
}

impl Drop for Completion {
    fn drop(&mut self) {
        if u128::from(*self.until.get_mut()) > self.evictions.clock.monotonic().as_micros() {
            self.evictions.early.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl MokaStore {
    /// The capacity of the layer's default store, in completed keys.
    pub const DEFAULT_CAPACITY: u64 = 100_000;

    /// Creates a store of at most `capacity` completed keys; 0 counts as 1.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self::with_clock(capacity, Arc::new(SystemClock))
    }

    /// Sets the clock for leases and windows, and empties the store. Default:
    /// [`SystemClock`](crate::SystemClock).
    ///
    /// Keys are also removed once their window has passed in real time, which frees the memory.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self::with_clock(self.capacity, Arc::new(clock))
    }

    pub(crate) fn with_clock(capacity: u64, clock: Arc<dyn Clock>) -> Self {
        let completed = Cache::builder()
            .max_capacity(capacity.max(1))
            // TinyLFU would reject new keys once the cache is full of keys seen twice.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(WindowExpiry)
            .build_with_hasher(IdentityHasher::default());
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            completed,
            evictions: Arc::new(Evictions { early: AtomicU64::new(0), clock: Arc::clone(&clock) }),
            last_fencing_token: AtomicU64::new(first_fencing_token()),
            clock,
            capacity,
        }
    }

    /// Returns the number of completed keys that were evicted before the end of their window. If the number
    /// grows, the capacity is too small, and duplicates of the evicted deliveries would run again.
    #[must_use]
    pub fn evicted_early(&self) -> u64 {
        self.evictions.early.load(Ordering::Relaxed)
    }

    #[allow(clippy::indexing_slicing, reason = "the remainder is less than the length")]
    pub(super) fn lock(&self, key: &Key) -> LockedKey<'_> {
        let hash = key.digest();
        let shard = &self.shards[(hash % SHARDS as u128) as usize];
        // The maps are consistent between operations, so a poisoned lock can be used.
        let running = shard.lock().unwrap_or_else(PoisonError::into_inner);
        LockedKey { store: self, hash, running, now: self.clock.monotonic() }
    }

    /// Returns a fencing token that increases across all owners of a key and across restarts of the process.
    fn next_fencing_token(&self) -> u64 {
        self.last_fencing_token.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Returns the first fencing token of this process. It exceeds every token of an earlier process, unless the
/// clock was set back or that process averaged a million claims per second.
fn first_fencing_token() -> u64 {
    micros(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

impl fmt::Debug for MokaStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MokaStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl Store for MokaStore {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        Ok(self.lock(key).claim(token, lease))
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        Ok(self.lock(key).extend(token, lease))
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        Ok(self.lock(key).complete(token, window))
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        Ok(self.lock(key).release(token))
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        Ok(self.lock(key).forget())
    }

    fn answers_within(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }
}

/// A hasher for values that are hashes already.
#[derive(Clone, Copy, Default)]
pub(super) struct IdentityHasher(u64);

impl BuildHasher for IdentityHasher {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // A `u128` has 16 bytes, of which the last 8 suffice.
        self.0 = bytes.last_chunk().map_or(0, |last| u64::from_ne_bytes(*last));
    }
}

/// A key whose shard is locked.
pub(super) struct LockedKey<'s> {
    store: &'s MokaStore,
    hash: u128,
    running: MutexGuard<'s, HashMap<u128, RunningClaim, IdentityHasher>>,
    now: Duration,
}

impl LockedKey<'_> {
    pub(super) fn claim(mut self, token: &Token, lease: Duration) -> Claim {
        let until = self.now.saturating_add(lease);
        match self.running.get_mut(&self.hash) {
            Some(mine) if mine.owner == *token => {
                mine.until = until;
                return Claim::Acquired { fencing_token: mine.fencing_token };
            }
            Some(other) if other.until > self.now => return Claim::InProgress,
            _ => {}
        }
        if self.is_completed() {
            return Claim::Completed;
        }
        let fencing_token = self.store.next_fencing_token();
        self.drop_expired();
        self.running.insert(self.hash, RunningClaim { owner: *token, fencing_token, until });
        Claim::Acquired { fencing_token }
    }

    pub(super) fn extend(mut self, token: &Token, lease: Duration) -> bool {
        let until = self.now.saturating_add(lease);
        let mine = self.running.get_mut(&self.hash).filter(|running| running.is_of(token, self.now));
        mine.map(|running| running.until = until).is_some()
    }

    pub(super) fn complete(mut self, token: &Token, window: Duration) -> bool {
        let mine = self.take_mine(token);
        if mine {
            let key = CompletedKey::new(self.now, window, &self.store.evictions);
            self.store.completed.insert(self.hash, key);
        }
        mine
    }

    pub(super) fn release(mut self, token: &Token) -> bool {
        self.take_mine(token)
    }

    pub(super) fn forget(self) -> bool {
        let Some(key) = self.store.completed.get(&self.hash) else { return false };
        let was_live = key.is_live(self.now);
        key.0.until.store(0, Ordering::Relaxed);
        self.store.completed.invalidate(&self.hash);
        was_live
    }

    fn take_mine(&mut self, token: &Token) -> bool {
        let mine = self.running.get(&self.hash).is_some_and(|running| running.is_of(token, self.now));
        if mine {
            self.running.remove(&self.hash);
        }
        mine
    }

    fn is_completed(&self) -> bool {
        self.store.completed.get(&self.hash).is_some_and(|key| key.is_live(self.now))
    }

    /// Removes expired claims before the map would grow.
    fn drop_expired(&mut self) {
        if self.running.len() == self.running.capacity() {
            let now = self.now;
            self.running.retain(|_, running| running.until > now);
        }
    }
}

impl RunningClaim {
    fn is_of(&self, token: &Token, now: Duration) -> bool {
        self.owner == *token && self.until > now
    }
}

/// The expiry policy of completed keys, which frees the memory.
struct WindowExpiry;

impl Expiry<u128, CompletedKey> for WindowExpiry {
    fn expire_after_create(&self, _: &u128, key: &CompletedKey, _: Instant) -> Option<Duration> {
        Some(key.window())
    }

    fn expire_after_update(
        &self,
        _: &u128,
        key: &CompletedKey,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(key.window())
    }
}
