use std::{
    borrow::Borrow,
    collections::HashMap,
    error::Error,
    fmt,
    future::ready,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::request::Parts;
use moka::sync::Cache;
use tokio::{runtime::Handle, sync::watch, time::Instant};

use super::{
    Endpoint, Lookup, fingerprint,
    lookup::{Found, sealed},
};
use crate::{
    BoxError,
    task::{BoxFuture, catch_unwind, timeout},
};

/// A [`Lookup`] that caches endpoints, for an application that keeps its secrets in a database.
///
/// `key` returns the tenant's name for a request, and `load` the endpoint of that name:
///
/// ```
/// use std::time::Duration;
/// use tower_webhook::{BoxError, Secret, WebhookLayer, provider, verify::{CachedLookup, Endpoint}};
///
/// #[derive(Clone)]
/// struct Tenant(String);
///
/// # async fn secret_of(_: &str) -> Result<Option<String>, BoxError> { Ok(None) }
/// let lookup = CachedLookup::new(
///     10_000,
///     Duration::from_secs(60),
///     |head| head.uri.path().strip_prefix("/hooks/").map(str::to_owned),
///     |name: String| async move {
///         let Some(text) = secret_of(&name).await? else { return Ok(None) };
///         let verifier = provider::github(text.parse::<Secret>()?);
///         Ok(Some(Endpoint::new(verifier).insert(Tenant(name))))
///     },
/// );
/// let layer = WebhookLayer::with_lookup(lookup.clone());
/// // Once a tenant has changed its secret:
/// lookup.invalidate("acme");
/// ```
///
/// # Guarantees
///
/// * **A revoked secret is accepted for up to `ttl`** after the load that returned it began, or until
///   [`invalidate`](Self::invalidate) is called. Each process has its own cache, so call `invalidate` in
///   each. Requests that wait for a load in progress get its result, even if the load took longer than `ttl`
///   or the key was invalidated.
/// * Each key has at most one load at a time, and all requests for that key share its result. An `invalidate`
///   during a load allows a second load of that key. The layer rejects a request that waits longer than a
///   second, but the load runs in its own task and continues. A slow load therefore still serves the
///   provider's next attempt. A load is dropped after 10 seconds.
/// * `Ok(None)` is cached for 5 seconds, so a new tenant may be unknown for that long. Unknown keys have a
///   cache of their own, of 10,000 entries: a flood of made-up names does not evict tenants.
/// * Errors and panics of `load` are not cached. The requests that wait for the load are rejected with 503,
///   and the next request loads again.
///
/// # Bounds
///
/// At most `capacity` endpoints are kept, and the least used are evicted. Choose a `capacity` larger than the
/// number of tenants. The cache stores only a 128-bit hash of each key, with a random seed, so long names
/// take no more memory than short ones. The `Hash` implementation of the key's type must therefore cover
/// every part that distinguishes two keys, as a derived implementation does.
///
/// At most 1,024 loads run at a time. 256 of them are reserved for keys that had an endpoint when they were
/// last loaded, so that a flood of made-up names cannot block a tenant whose cached endpoint has expired. Up
/// to `capacity` such keys are remembered. A request that needs a load when none is available is rejected
/// with 503.
///
/// # Deduplication
///
/// Without a [scope](Endpoint::scope), deduplication keys contain a digest of the name that `key` returned,
/// so tenants with the same secret or public key do not drop each other's deliveries. For this digest, the
/// layer calls `key` once more for each verified delivery, so `key` must return the same value for the same
/// head.
///
/// If `load` accepts several spellings of a tenant's name (because it ignores case, for instance), let `key`
/// normalize the name. Otherwise each spelling occupies an entry of the cache and may evict other tenants. If
/// the endpoint has no scope, an attacker can also replay a captured request once under each spelling.
///
/// Clones share all state. Requires a tokio runtime.
pub struct CachedLookup<K> {
    shared: Arc<Shared<K>>,
}

type KeyOf<K> = dyn Fn(&Parts) -> Option<K> + Send + Sync;
type Load<K> = dyn Fn(K) -> BoxFuture<'static, Found> + Send + Sync;

struct Shared<K> {
    key: Box<KeyOf<K>>,
    load: Box<Load<K>>,
    ttl: Duration,
    hashers: [RandomState; 2],
    known: Cache<u128, Known, RandomState>,
    /// The keys without an endpoint, and the time at which `load` found none.
    unknown: Cache<u128, Instant, RandomState>,
    /// The keys that had an endpoint when they were last loaded. Some of the loads are reserved for them.
    served: Cache<u128, (), RandomState>,
    loads: Mutex<HashMap<u128, PendingLoad>>,
}

#[derive(Clone)]
struct Known {
    endpoint: Endpoint,
    /// The time at which its load began.
    since: Instant,
}

/// The result of a load, shared by all requests that wait for it.
type Loaded = Result<Option<Endpoint>, Arc<dyn Error + Send + Sync>>;

/// A load in progress.
#[derive(Clone)]
struct PendingLoad {
    begun: Instant,
    /// `Some` once the load has ended.
    result: watch::Receiver<Option<Loaded>>,
}

/// The timeout of a load.
const LONGEST: Duration = Duration::from_secs(10);
const MAX_LOADS: usize = 1_024;
/// The number of loads reserved for keys that had an endpoint, so that made-up names cannot prevent a tenant
/// from being loaded again.
const RESERVED_LOADS: usize = 256;
const MAX_UNKNOWN: u64 = 10_000;
const UNKNOWN_FOR: Duration = Duration::from_secs(5);
/// The maximum `ttl`, and the time after which an unused key in `served` is removed. Bounded, because moka
/// rejects very long durations.
const FREED_AFTER: Duration = Duration::from_secs(30 * 86_400);

impl<K: Hash + Send + 'static> CachedLookup<K> {
    /// Creates a cache of at most `capacity` endpoints (0 counts as 1), each kept for `ttl`, but at most 30
    /// days. With a `ttl` of zero, no endpoints are cached, but loads in progress are still shared.
    ///
    /// `key` is called for each request; `None` means that the endpoint does not exist. `load` is called in
    /// its own task with each key that is not in the cache: see [`Lookup`] for the meaning of its results.
    pub fn new<Fut, E>(
        capacity: u64,
        ttl: Duration,
        key: impl Fn(&Parts) -> Option<K> + Send + Sync + 'static,
        load: impl Fn(K) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        Fut: Future<Output = Result<Option<E>, BoxError>> + Send + 'static,
        E: Into<Endpoint>,
    {
        let load = move |key| -> BoxFuture<'static, Found> {
            let loaded = load(key);
            Box::pin(async move { Ok(loaded.await?.map(Into::into)) })
        };
        let known = Cache::builder().max_capacity(capacity.max(1)).time_to_live(ttl.min(FREED_AFTER));
        let served = Cache::builder().max_capacity(capacity.max(1)).time_to_idle(FREED_AFTER);
        let unknown = Cache::builder().max_capacity(MAX_UNKNOWN).time_to_live(UNKNOWN_FOR);
        Self {
            shared: Arc::new(Shared {
                key: Box::new(key),
                load: Box::new(load),
                ttl,
                hashers: [RandomState::new(), RandomState::new()],
                known: known.build_with_hasher(RandomState::new()),
                unknown: unknown.build_with_hasher(RandomState::new()),
                served: served.build_with_hasher(RandomState::new()),
                loads: Mutex::default(),
            }),
        }
    }

    /// Removes the result for `key`, so that the next request calls `load` again. If a load of this key is in
    /// progress, its result is not cached.
    pub fn invalidate<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + ?Sized,
    {
        let hash = self.hash(key);
        let mut loads = self.loads();
        loads.remove(&hash);
        self.shared.known.invalidate(&hash);
        self.shared.unknown.invalidate(&hash);
    }

    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u128 {
        let [high, low] = self.shared.hashers.each_ref().map(|hasher| hasher.hash_one(key));
        u128::from(high) << 64 | u128::from(low)
    }

    /// Returns the cached result for a key.
    fn kept(&self, hash: u128) -> Option<Option<Endpoint>> {
        let known = self.shared.known.get(&hash).filter(|known| known.since.elapsed() < self.shared.ttl);
        if let Some(Known { endpoint, .. }) = known {
            return Some(Some(endpoint));
        }
        let unknown = self.shared.unknown.get(&hash);
        unknown.filter(|since| since.elapsed() < UNKNOWN_FOR).map(|_| None)
    }

    /// Returns the key's load in progress, or starts one.
    fn pending(&self, hash: u128, key: K) -> Result<PendingLoad, BoxError> {
        let now = Instant::now();
        let in_time = |load: &PendingLoad| now.duration_since(load.begun) < LONGEST;
        let mut loads = self.loads();
        // An older load belongs to a runtime that has stopped; otherwise its timeout would have ended it.
        if let Some(load) = loads.get(&hash).filter(|load| in_time(load)) {
            return Ok(load.clone());
        }
        let is_served = self.shared.served.contains_key(&hash);
        let most = if is_served { MAX_LOADS } else { MAX_LOADS - RESERVED_LOADS };
        if loads.len() >= most {
            loads.retain(|_, load| in_time(load));
        }
        if loads.len() >= most {
            return Err(format!("limit of {most} loads at a time is reached").into());
        }
        let runtime = Handle::try_current()?;
        let (sender, result) = watch::channel(None);
        let load = PendingLoad { begun: now, result };
        loads.insert(hash, load.clone());
        // Unlock first: a runtime that is shutting down drops the task at once, and dropping its guard locks
        // again.
        drop(loads);
        let guard = LoadGuard { cache: self.clone(), hash, begun: load.begun, sender };
        runtime.spawn(async move {
            let result = guard.cache.load(key).await;
            guard.end(result);
        });
        Ok(load)
    }

    async fn load(&self, key: K) -> Loaded {
        let loaded = timeout(LONGEST, catch_unwind(|| (self.shared.load)(key))).await;
        let loaded = loaded.map_err(BoxError::from);
        loaded.and_then(|loaded| loaded.unwrap_or_else(|_| Err("lookup panicked".into()))).map_err(Arc::from)
    }
}

impl<K> CachedLookup<K> {
    fn loads(&self) -> MutexGuard<'_, HashMap<u128, PendingLoad>> {
        self.shared.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Send + 'static> Lookup for CachedLookup<K> {}

impl<K: Hash + Send + 'static> sealed::Find for CachedLookup<K> {
    fn find<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Found> {
        let Some(key) = (self.shared.key)(head) else { return Box::pin(ready(Ok(None))) };
        let hash = self.hash(&key);
        if let Some(found) = self.kept(hash) {
            return Box::pin(ready(Ok(found)));
        }
        let pending = self.pending(hash, key);
        Box::pin(async move {
            let mut result = pending?.result;
            let loaded = result.wait_for(Option::is_some).await.ok().and_then(|loaded| loaded.clone());
            Ok(loaded.ok_or("lookup was interrupted")??)
        })
    }

    fn name(&self, head: &Parts) -> Option<Vec<u8>> {
        let mut name = HashedBytes::default();
        (self.shared.key)(head)?.hash(&mut name);
        Some(name.0)
    }
}

/// The bytes that a key writes to a hasher. Unlike a hash with a random seed, they are the same in all
/// processes.
#[derive(Default)]
struct HashedBytes(Vec<u8>);

impl Hasher for HashedBytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        fingerprint(&self.0)
    }
}

/// A guard that ends a load even if its task is dropped, so that the next request starts another.
struct LoadGuard<K> {
    cache: CachedLookup<K>,
    hash: u128,
    begun: Instant,
    sender: watch::Sender<Option<Loaded>>,
}

impl<K> LoadGuard<K> {
    /// Removes the load, unless it was invalidated or replaced.
    fn remove(&self, loads: &mut HashMap<u128, PendingLoad>) -> bool {
        let is_current = |load: &PendingLoad| load.result.same_channel(&self.sender.subscribe());
        let current = loads.get(&self.hash).is_some_and(is_current);
        if current {
            loads.remove(&self.hash);
        }
        current
    }

    /// Caches the result and sends it to the waiting requests.
    fn end(self, result: Loaded) {
        let mut loads = self.cache.loads();
        let Shared { known, unknown, served, .. } = &*self.cache.shared;
        if self.remove(&mut loads) {
            match &result {
                Ok(Some(endpoint)) => {
                    known.insert(self.hash, Known { endpoint: endpoint.clone(), since: self.begun });
                    served.insert(self.hash, ());
                }
                Ok(None) => {
                    unknown.insert(self.hash, Instant::now());
                    served.invalidate(&self.hash);
                }
                Err(_) => {}
            }
        }
        drop(loads);
        self.sender.send_replace(Some(result));
    }
}

impl<K> Drop for LoadGuard<K> {
    fn drop(&mut self) {
        self.remove(&mut self.cache.loads());
    }
}

impl<K> Clone for CachedLookup<K> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K> fmt::Debug for CachedLookup<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedLookup")
            .field("ttl", &self.shared.ttl)
            .field("loads", &self.loads().len())
            .finish_non_exhaustive()
    }
}

#[allow(clippy::panic, clippy::unwrap_used, reason = "tests")]
#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use http::Request;
    use sealed::Find;
    use tokio::time::{advance, sleep};

    use super::*;
    use crate::{Secret, provider, task::BoxFuture};

    const TTL: Duration = Duration::from_secs(60);

    /// A database that counts its loads.
    #[derive(Clone, Default)]
    struct Database(Arc<State>);

    #[derive(Default)]
    struct State {
        loads: AtomicUsize,
        running: AtomicUsize,
        fails: AtomicBool,
        panics: AtomicBool,
        deleted: AtomicBool,
        /// The duration of a load, in milliseconds.
        takes: AtomicUsize,
    }

    impl Database {
        fn loads(&self) -> usize {
            self.0.loads.load(Ordering::SeqCst)
        }

        /// Finds every name that does not begin with `no`.
        async fn load(self, name: String) -> Found {
            let state = &*self.0;
            state.loads.fetch_add(1, Ordering::SeqCst);
            state.running.fetch_add(1, Ordering::SeqCst);
            let takes = state.takes.load(Ordering::SeqCst);
            if takes > 0 {
                sleep(Duration::from_millis(takes as u64)).await;
            }
            state.running.fetch_sub(1, Ordering::SeqCst);
            assert!(!state.panics.load(Ordering::SeqCst), "load panics");
            if state.fails.load(Ordering::SeqCst) {
                return Err("database is down".into());
            }
            let is_known = !name.starts_with("no") && !state.deleted.load(Ordering::SeqCst);
            Ok(is_known.then(|| endpoint(&name)))
        }

        fn cached(&self, capacity: u64, ttl: Duration) -> CachedLookup<String> {
            let database = self.clone();
            let key = |head: &Parts| head.uri.path().strip_prefix('/').map(str::to_owned);
            CachedLookup::new(capacity, ttl, key, move |name| database.clone().load(name))
        }
    }

    fn endpoint(scope: &str) -> Endpoint {
        Endpoint::new(provider::github("a secret".parse::<Secret>().unwrap())).scope(scope)
    }

    /// Returns the scope of the endpoint, or the error's text.
    async fn find(lookup: &CachedLookup<String>, name: &str) -> Result<Option<String>, String> {
        let head = Request::post(format!("/{name}")).body(()).unwrap().into_parts().0;
        let found = lookup.find(&head).await.map_err(|error| error.to_string())?;
        Ok(found.map(|endpoint| endpoint.own_scope().unwrap().to_owned()))
    }

    fn some(name: &str) -> Result<Option<String>, String> {
        Ok(Some(name.to_owned()))
    }

    #[tokio::test(start_paused = true)]
    async fn endpoint_is_cached_for_its_ttl() {
        let database = Database::default();
        let lookup = database.cached(10, TTL);
        for (passed, loads) in [(0, 1), (59, 1), (1, 2), (59, 2)] {
            advance(Duration::from_secs(passed)).await;
            assert_eq!((find(&lookup, "acme").await, database.loads()), (some("acme"), loads));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn ttl_counts_from_the_beginning_of_the_load() {
        let database = Database::default();
        database.0.takes.store(9_000, Ordering::SeqCst);
        let lookup = database.cached(10, TTL);
        assert_eq!(find(&lookup, "acme").await, some("acme"));
        advance(TTL - Duration::from_secs(9)).await;
        assert_eq!((find(&lookup, "acme").await, database.loads()), (some("acme"), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn ttl_of_any_length_is_accepted() {
        for (ttl, loads) in [(Duration::ZERO, 2), (Duration::MAX, 1)] {
            let database = Database::default();
            let lookup = database.cached(0, ttl);
            for _ in 0..2 {
                assert_eq!(find(&lookup, "acme").await, some("acme"));
            }
            assert_eq!(database.loads(), loads);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn absence_is_cached_for_five_seconds() {
        let database = Database::default();
        let lookup = database.cached(10, TTL);
        for (passed, loads) in [(0, 1), (4, 1), (1, 2)] {
            advance(Duration::from_secs(passed)).await;
            assert_eq!((find(&lookup, "nobody").await, database.loads()), (Ok(None), loads));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn flood_of_unknown_names_evicts_no_endpoint() {
        let database = Database::default();
        let lookup = database.cached(2, TTL);
        for name in ["acme", "globex"] {
            find(&lookup, name).await.unwrap();
        }
        for number in 0..1_000 {
            assert_eq!(find(&lookup, &format!("no-{number}")).await, Ok(None));
        }
        let loads = database.loads();
        for name in ["acme", "globex"] {
            assert_eq!((find(&lookup, name).await, database.loads()), (some(name), loads));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn errors_and_panics_are_not_cached() {
        let database = Database::default();
        let lookup = database.cached(10, TTL);
        database.0.fails.store(true, Ordering::SeqCst);
        assert_eq!(find(&lookup, "acme").await, Err("database is down".to_owned()));
        database.0.panics.store(true, Ordering::SeqCst);
        assert_eq!(find(&lookup, "acme").await, Err("lookup panicked".to_owned()));
        database.0.panics.store(false, Ordering::SeqCst);
        database.0.fails.store(false, Ordering::SeqCst);
        assert_eq!(find(&lookup, "acme").await, some("acme"));
        assert_eq!(database.loads(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_for_one_key_share_its_load() {
        let database = Database::default();
        database.0.takes.store(500, Ordering::SeqCst);
        let lookup = database.cached(10, TTL);
        let [one, two, other] = ["acme", "acme", "globex"].map(|name| find(&lookup, name));
        let found = tokio::join!(one, two, other);
        assert_eq!(found, (some("acme"), some("acme"), some("globex")));
        assert_eq!(database.loads(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn load_continues_after_its_request_is_dropped() {
        let database = Database::default();
        database.0.takes.store(500, Ordering::SeqCst);
        let lookup = database.cached(10, TTL);
        assert!(tokio::time::timeout(Duration::from_millis(100), find(&lookup, "acme")).await.is_err());
        assert_eq!((find(&lookup, "acme").await, database.loads()), (some("acme"), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn load_that_hangs_times_out_and_does_not_block_others() {
        let database = Database::default();
        database.0.takes.store(3_600_000, Ordering::SeqCst);
        let lookup = database.cached(10, TTL);
        assert_eq!(find(&lookup, "acme").await, Err("timed out after 10s".to_owned()));
        database.0.takes.store(0, Ordering::SeqCst);
        assert_eq!(find(&lookup, "acme").await, some("acme"));
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_loads_are_limited() {
        let database = Database::default();
        database.0.takes.store(500, Ordering::SeqCst);
        let lookup = database.cached(10, TTL);
        let requests: Vec<_> = (0..=MAX_LOADS - RESERVED_LOADS)
            .map(|number| {
                let lookup = lookup.clone();
                tokio::spawn(async move { find(&lookup, &format!("tenant-{number}")).await })
            })
            .collect();
        let mut errors = Vec::new();
        for request in requests {
            errors.extend(request.await.unwrap().err());
        }
        assert_eq!(errors, ["limit of 768 loads at a time is reached"]);
        assert_eq!(database.loads(), MAX_LOADS - RESERVED_LOADS);
        assert_eq!(find(&lookup, "another").await, some("another"));
    }

    #[tokio::test(start_paused = true)]
    async fn flood_of_unknown_names_leaves_loads_for_known_ones() {
        let database = Database::default();
        let lookup = database.cached(10, TTL);
        for name in ["acme", "globex"] {
            assert_eq!(find(&lookup, name).await, some(name));
        }
        // Both TTLs have expired, and one secret has just changed.
        advance(TTL).await;
        lookup.invalidate("globex");
        database.0.takes.store(500, Ordering::SeqCst);
        let flood: Vec<_> = (0..2 * MAX_LOADS)
            .map(|number| {
                let lookup = lookup.clone();
                tokio::spawn(async move { find(&lookup, &format!("no-{number}")).await })
            })
            .collect();
        sleep(Duration::from_millis(1)).await;
        for name in ["acme", "globex"] {
            assert_eq!(find(&lookup, name).await, some(name));
        }
        let mut rejected = 0;
        for request in flood {
            rejected += usize::from(request.await.unwrap().is_err());
        }
        assert_eq!(rejected, MAX_LOADS + RESERVED_LOADS);
    }

    #[tokio::test(start_paused = true)]
    async fn deleted_name_has_no_reserved_load() {
        let database = Database::default();
        let lookup = database.cached(10, Duration::ZERO);
        assert_eq!(find(&lookup, "acme").await, some("acme"));
        let hash = lookup.hash("acme");
        assert!(lookup.shared.served.contains_key(&hash));
        database.0.deleted.store(true, Ordering::SeqCst);
        assert_eq!(find(&lookup, "acme").await, Ok(None));
        assert!(!lookup.shared.served.contains_key(&hash));
    }

    #[tokio::test]
    async fn name_is_the_same_in_every_process() {
        let head = |path: &str| Request::post(path).body(()).unwrap().into_parts().0;
        let [one, other] = [Database::default().cached(10, TTL), Database::default().cached(10, TTL)];
        assert_eq!(one.name(&head("/acme")), other.name(&head("/acme")));
        assert_eq!(one.name(&head("/acme")).unwrap(), b"acme\xff");
        assert_ne!(one.name(&head("/acme")), one.name(&head("/acm%65")));
    }

    #[tokio::test(start_paused = true)]
    async fn invalidated_keys_are_loaded_again() {
        let database = Database::default();
        let lookup = database.cached(10, TTL);
        for name in ["acme", "nobody"] {
            let first = find(&lookup, name).await;
            let loads = database.loads();
            lookup.clone().invalidate(name);
            lookup.invalidate("globex");
            assert_eq!((find(&lookup, name).await, database.loads()), (first, loads + 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn invalidated_load_is_not_cached() {
        let database = Database::default();
        database.0.takes.store(500, Ordering::SeqCst);
        let lookup = database.cached(10, TTL);
        let old = tokio::spawn({
            let lookup = lookup.clone();
            async move { find(&lookup, "acme").await }
        });
        sleep(Duration::from_millis(100)).await;
        // The secret changes after the load read it.
        lookup.invalidate("acme");
        assert_eq!(old.await.unwrap(), some("acme"));
        assert_eq!((find(&lookup, "acme").await, database.loads()), (some("acme"), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn later_load_is_cached_although_an_invalidated_one_ends_after_it() {
        let database = Database::default();
        database.0.takes.store(900, Ordering::SeqCst);
        let lookup = database.cached(10, TTL);
        let old = tokio::spawn({
            let lookup = lookup.clone();
            async move { find(&lookup, "acme").await }
        });
        sleep(Duration::from_millis(100)).await;
        lookup.invalidate("acme");
        database.0.takes.store(100, Ordering::SeqCst);
        assert_eq!(find(&lookup, "acme").await, some("acme"));
        old.await.unwrap().unwrap();
        assert_eq!((find(&lookup, "acme").await, database.loads()), (some("acme"), 2));
        assert_eq!(lookup.loads().len(), 0);
    }

    #[test]
    fn load_on_a_runtime_that_ended_does_not_block_the_next() {
        let database = Database::default();
        database.0.takes.store(500, Ordering::SeqCst);
        let lookup = database.cached(10, TTL);
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let first = runtime().unwrap();
        first.block_on(async {
            let waiting = tokio::time::timeout(Duration::from_millis(10), find(&lookup, "acme"));
            assert!(waiting.await.is_err());
        });
        drop(first);
        assert_eq!(runtime().unwrap().block_on(find(&lookup, "acme")), some("acme"));
    }

    #[tokio::test]
    async fn closures_with_any_return_type_are_lookups() {
        fn finds(lookup: impl Lookup) -> BoxFuture<'static, bool> {
            Box::pin(async move {
                let head = Request::post("/acme").body(()).unwrap().into_parts().0;
                lookup.find(&head).await.unwrap().is_some()
            })
        }
        let shared: Arc<dyn super::super::Verifier> =
            Arc::new(provider::github("a secret".parse::<Secret>().unwrap()));
        assert!(finds(move |_: &Parts| std::future::ready(Ok(Some(Arc::clone(&shared))))).await);
        // An `async` closure that captures nothing may borrow the head.
        assert!(finds(async |head: &Parts| Ok(Some(endpoint(head.uri.path())))).await);
        assert!(!finds(async |_: &Parts| Ok(None::<Endpoint>)).await);
    }
}
