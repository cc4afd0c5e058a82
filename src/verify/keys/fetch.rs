//! Keys that must be fetched: [`Fetch`] is the application's HTTP client, and [`KeyCache`] caches the keys
//! or key sets, and limits the number of fetches.

use std::{
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::{runtime::Handle, sync::watch, time::Instant};

use super::certificate::Certificate;
use crate::{
    BoxError, InvalidSecret,
    task::{catch_unwind, timeout},
    verify::{Finish, Verified, VerifyError},
};

/// An HTTP client that fetches the certificates, keys and key sets of some providers.
///
/// The layer requests only `https` URLs on the provider's own hosts, and trusts the responses. The client
/// **must verify the server's TLS certificate, and must not follow redirects**. With `reqwest`:
///
/// ```
/// # mod reqwest { // A stub, so that the example compiles.
/// #     pub struct Client;
/// #     pub struct Response;
/// #     impl Client {
/// #         pub fn get(&self, _: &str) -> Self { Self }
/// #         pub async fn send(self) -> std::io::Result<Response> { Ok(Response) }
/// #     }
/// #     impl Response {
/// #         pub fn status(&self) -> u16 { 200 }
/// #         pub async fn chunk(&mut self) -> std::io::Result<Option<bytes::Bytes>> { Ok(None) }
/// #     }
/// # }
/// use bytes::{Bytes, BytesMut};
/// use tower_webhook::{BoxError, verify::Fetch};
///
/// /// Built with `.redirect(reqwest::redirect::Policy::none())` and `.https_only(true)`.
/// struct Client(reqwest::Client);
///
/// impl Fetch for Client {
///     async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, BoxError> {
///         let mut response = self.0.get(url).send().await?;
///         // `error_for_status` accepts redirects.
///         if response.status() != 200 {
///             return Err("response is not a 200".into());
///         }
///         let mut body = BytesMut::new();
///         while let Some(chunk) = response.chunk().await? {
///             if body.len() + chunk.len() > most {
///                 return Err("response is too long".into());
///             }
///             body.extend_from_slice(&chunk);
///         }
///         Ok(body.freeze())
///     }
/// }
/// ```
///
/// eBay and Circle require authentication, and GitHub requires a `User-Agent`: add the header that is
/// documented at [`ebay`](crate::provider::ebay), [`circle`](crate::provider::circle) or
/// [`github_secret_scanning`](crate::provider::github_secret_scanning) to the request.
///
/// # Caching
///
/// * A key is cached once it has verified a delivery. At most 64 keys are cached; beyond that, the key that
///   has been unused for the longest time is removed. Forged requests neither add nor remove a key.
/// * If a delivery uses a key that is at least 24 hours old, the key is fetched again in the background. If
///   that fetch fails, the layer uses the old key for **up to 72 hours** after its last successful fetch, and
///   repeats the fetch every 5 minutes while deliveries arrive. The validity dates of a certificate are
///   checked on each use.
/// * If the response contains another key, the old key is discarded.
/// * A key set (JWKS) or another list of keys counts as one key. Its URL is fixed, so it is cached once it is
///   fetched, and each response replaces the whole set. If a delivery uses a set that is at least one hour
///   old, the set is fetched again in the background.
/// * If a delivery names a key that the cached set lacks, the set is fetched again, unless it was fetched
///   within the last 60 seconds. Forged requests that name made-up keys therefore cause at most one fetch a
///   minute. For key sets of bearer tokens, the limit is 4 a minute while fetches fail.
/// * Deliveries that need the same key share one fetch. Once a cached key has not been fetched successfully
///   for 72 hours, deliveries wait for a new fetch, and this key is limited to 4 fetches a minute. All keys
///   that are not cached are limited to 16 fetches a minute together. A separate limit of 16 requests a
///   minute applies to subscription confirmations of Amazon SNS.
/// * A delivery whose key cannot be fetched, or is not in the list of `github_secret_scanning` or
///   `fireblocks_jwks`, is rejected with 503 (`verifier_unavailable`), so that the provider retries.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fetch certificates and keys",
    note = "implement `tower_webhook::verify::Fetch` for a type with your HTTP client in it; the trait's \
            documentation has one to copy"
)]
pub trait Fetch: Send + Sync + 'static {
    /// Sends a `GET` request to `url` and returns the body of the response.
    ///
    /// # Errors
    ///
    /// Return an error if the status is not 200, or if the body is longer than `most` bytes; reading the rest
    /// is unnecessary. A panic counts as an error.
    ///
    /// # Cancel safety
    ///
    /// The layer drops the future after 10 seconds.
    fn fetch(&self, url: &str, most: usize) -> impl Future<Output = Result<Bytes, BoxError>> + Send;
}

impl<F: Fetch> Fetch for Arc<F> {
    fn fetch(&self, url: &str, most: usize) -> impl Future<Output = Result<Bytes, BoxError>> + Send {
        (**self).fetch(url, most)
    }
}

/// A type-erased [`Fetch`].
trait Fetcher: Send + Sync {
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a>;
}

type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Bytes, BoxError>> + Send + 'a>>;

impl<F: Fetch> Fetcher for F {
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(Fetch::fetch(self, url, LARGEST))
    }
}

/// The maximum length of a response. A certificate chain has about 6 kB.
const LARGEST: usize = 64 * 1024;

/// The timeout of a fetch, and the longest time that a delivery waits for it.
const LONGEST: Duration = Duration::from_secs(10);

/// The minimum time between two background refreshes of a key.
const REFRESH_AGAIN: Duration = Duration::from_secs(300);

/// The age at which a key expires, even if every refresh failed.
const USABLE_FOR: Duration = Duration::from_secs(72 * 3600);

const MAX_KEYS: usize = 64;

/// The maximum number of fetches per [`PERIOD`], for URLs that an attacker can choose.
const MAX_FETCHES: u32 = 16;

/// The maximum number of fetches of one cached key per [`PERIOD`]. Forged requests that name a retired key
/// exhaust only that key's budget.
pub(crate) const MAX_REFETCHES: u32 = 4;
const PERIOD: Duration = Duration::from_secs(60);

/// The keys that have verified a delivery, and the fetches in progress. `K` is the parsed response: a key, or
/// a set of keys.
///
/// Callers must check that a URL is on the provider's own host.
pub(crate) struct KeyCache<K = Certificate>(Arc<Shared<K>>);

/// The content of a response, as [`KeyCache`] stores it.
///
/// The defaults are those of a set of keys: its URL does not depend on the request, and each response states
/// all current keys.
pub(crate) trait Keys: Send + Sync + 'static {
    /// The age at which the content is fetched again, while the old one stays in use. A set also says which
    /// keys the provider has revoked, so it is refreshed more often than a key.
    const REFRESH_AFTER: Duration = Duration::from_secs(3600);

    /// The maximum number of fetches of a cached set per [`PERIOD`], for deliveries that name a key that it
    /// lacks. GitHub allows 60 requests an hour without authentication.
    const MAX_MISSES: u32 = 1;

    /// Returns whether the content takes effect at once, in place of the cached content `old` of the same
    /// URL. Otherwise it is on trial until it has verified a delivery.
    fn replaces(&self, old: Option<&Self>) -> bool {
        let _ = old;
        true
    }
}

impl Keys for Certificate {
    const REFRESH_AFTER: Duration = Duration::from_secs(24 * 3600);

    fn replaces(&self, old: Option<&Self>) -> bool {
        old.is_some_and(|old| old.has_key_of(self))
    }
}

struct Shared<K> {
    fetcher: Box<dyn Fetcher>,
    read: ReadKey<K>,
    state: Mutex<State<K>>,
}

struct State<K> {
    /// Keys that have verified a delivery, and fetched sets of keys. Forged requests cannot add a key or
    /// choose the URL of a set, and so cannot evict one.
    keys: HashMap<Box<str>, CachedKey<K>>,
    /// Fetched keys that have not verified a delivery yet, kept for one [`PERIOD`]. Without this map, each
    /// forged request that names a genuine key would cost a fetch. The fetch budgets bound the number of
    /// keys.
    trials: HashMap<Box<str>, Arc<FetchedKey<K>>>,
    pending: HashMap<Box<str>, PendingFetch<K>>,
    /// The budget for key names, which an attacker can make up.
    unknown: FetchBudget,
    /// The budget for URLs in signed messages, which an attacker can replay.
    visits: FetchBudget,
}

impl<K> Default for State<K> {
    fn default() -> Self {
        Self {
            keys: HashMap::new(),
            trials: HashMap::new(),
            pending: HashMap::new(),
            unknown: FetchBudget::default(),
            visits: FetchBudget::default(),
        }
    }
}

pub(crate) struct FetchedKey<K> {
    content: K,
    fetched: Instant,
}

struct CachedKey<K> {
    key: Arc<FetchedKey<K>>,
    /// The time at which the key last verified a delivery.
    used: Instant,
    /// The time at which its last refresh began.
    refreshed: Option<Instant>,
    refetches: FetchBudget,
}

type FetchResult<K> = Result<Arc<FetchedKey<K>>, VerifyError>;

/// The function that parses a key from a response.
type ReadKey<K> = fn(&[u8]) -> Result<K, InvalidSecret>;

/// A fetch in progress.
pub(crate) struct PendingFetch<K> {
    begun: Instant,
    /// `Some` once the fetch has ended.
    result: watch::Receiver<Option<FetchResult<K>>>,
}

impl<K> Clone for PendingFetch<K> {
    fn clone(&self) -> Self {
        Self { begun: self.begun, result: self.result.clone() }
    }
}

/// The result of a look-up, which never waits.
pub(crate) enum Found<K> {
    Key(Arc<FetchedKey<K>>),
    Pending(PendingFetch<K>),
}

/// The number of fetches in the current period.
#[derive(Default)]
struct FetchBudget {
    since: Option<Instant>,
    begun: u32,
}

impl FetchBudget {
    fn spend(&mut self, most: u32, now: Instant) -> Result<(), VerifyError> {
        if self.since.is_none_or(|since| now.duration_since(since) >= PERIOD) {
            *self = Self { since: Some(now), begun: 0 };
        }
        if self.begun >= most {
            return Err(VerifyError::unavailable(format!("limit of fetches ({most} a minute) is reached")));
        }
        self.begun += 1;
        Ok(())
    }
}

impl<K: Keys> CachedKey<K> {
    fn is_due(&self) -> bool {
        self.key.fetched.elapsed() >= K::REFRESH_AFTER
            && self.refreshed.is_none_or(|begun| begun.elapsed() >= REFRESH_AGAIN)
    }
}

impl<K: Keys> State<K> {
    /// Returns the key at `url`, if it may be used without a fetch.
    fn usable(&self, url: &str) -> Option<Arc<FetchedKey<K>>> {
        let kept = self.keys.get(url).map(|kept| &kept.key);
        let kept = kept.filter(|key| key.fetched.elapsed() < USABLE_FOR);
        let trial = || self.trials.get(url).filter(|key| key.fetched.elapsed() < PERIOD);
        kept.or_else(trial).cloned()
    }

    fn is_due(&self, url: &str) -> bool {
        self.keys.get(url).is_some_and(CachedKey::is_due)
    }

    /// Takes one fetch of `url` from its budget, which allows `most` fetches of a cached key.
    fn spend(&mut self, url: &str, most: u32) -> Result<(), VerifyError> {
        let now = Instant::now();
        match self.keys.get_mut(url) {
            Some(kept) => {
                kept.refetches.spend(most, now)?;
                kept.refreshed = Some(now);
                Ok(())
            }
            None => self.unknown.spend(MAX_FETCHES, now),
        }
    }

    /// Accepts a fetched key: replaces the cached key, or otherwise puts the fetched key on trial.
    fn accept(&mut self, url: &str, key: &Arc<FetchedKey<K>>) {
        let kept = self.keys.get_mut(url);
        if key.content.replaces(kept.as_ref().map(|kept| &kept.key.content)) {
            match kept {
                Some(kept) => kept.key = Arc::clone(key),
                None => self.keep(url, key),
            }
        } else {
            self.keys.remove(url);
            self.trials.retain(|_, trial| trial.fetched.elapsed() < PERIOD);
            self.trials.insert(url.into(), Arc::clone(key));
        }
    }

    /// Caches a key that has verified a delivery, or a fetched set of keys. Beyond [`MAX_KEYS`], removes the
    /// key that has been unused for the longest time.
    fn keep(&mut self, url: &str, key: &Arc<FetchedKey<K>>) {
        let used = Instant::now();
        if let Some(kept) = self.keys.get_mut(url) {
            kept.used = used;
            return;
        }
        if self.keys.len() >= MAX_KEYS {
            let least = self.keys.iter().min_by_key(|(_, kept)| kept.used).map(|(url, _)| url.clone());
            least.and_then(|least| self.keys.remove(&least));
        }
        self.trials.remove(url);
        let kept =
            CachedKey { key: Arc::clone(key), used, refreshed: None, refetches: FetchBudget::default() };
        self.keys.insert(url.into(), kept);
    }
}

impl<K> Clone for KeyCache<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl KeyCache {
    /// Creates a cache of certificates.
    pub(crate) fn new(fetch: impl Fetch) -> Self {
        Self::reading(Certificate::read, fetch)
    }

    /// Verifies with the key at `url`: at once if it is cached, otherwise after its fetch.
    pub(crate) fn finish<C>(&self, url: &str, check: C) -> Finish
    where
        C: FnOnce(&Certificate) -> Result<Verified, VerifyError> + Send + 'static,
    {
        self.finish_with(url, |_| true, check)
    }

    /// Returns whether the key at `url` can be used without a fetch.
    pub(crate) fn has(&self, url: &str) -> bool {
        self.state().usable(url).is_some()
    }

    /// Verifies with the key at `url`, like [`finish`](Self::finish), but waits for the result.
    pub(crate) async fn verify<C>(&self, url: &str, check: C) -> Result<Verified, VerifyError>
    where
        C: FnOnce(&Certificate) -> Result<Verified, VerifyError>,
    {
        let key = match self.find(url, |_| true)? {
            Found::Key(key) => key,
            Found::Pending(pending) => fetched(pending).await?,
        };
        self.judge(url, &key, check)
    }
}

impl<K: Keys> KeyCache<K> {
    /// Creates a cache of keys in a provider's own format.
    pub(crate) fn reading(read: ReadKey<K>, fetch: impl Fetch) -> Self {
        Self(Arc::new(Shared { fetcher: Box::new(fetch), read, state: Mutex::default() }))
    }

    /// Verifies with the content of `url`: at once if it is cached and `suffices`, otherwise after its fetch.
    /// See [`find`](Self::find).
    pub(crate) fn finish_with<C>(&self, url: &str, suffices: impl FnOnce(&K) -> bool, check: C) -> Finish
    where
        C: FnOnce(&K) -> Result<Verified, VerifyError> + Send + 'static,
    {
        match self.find(url, suffices) {
            Ok(Found::Key(key)) => self.judge(url, &key, check).into(),
            Ok(Found::Pending(pending)) => {
                let (this, url) = (self.clone(), url.to_owned());
                Finish::later(async move { this.judge(&url, &fetched(pending).await?, check) })
            }
            Err(error) => Err(error).into(),
        }
    }

    /// Verifies with a key that was found at `url`. A key that verifies a delivery stays cached.
    pub(crate) fn judge<T, C>(&self, url: &str, key: &Arc<FetchedKey<K>>, check: C) -> Result<T, VerifyError>
    where
        C: FnOnce(&K) -> Result<T, VerifyError>,
    {
        let verified = check(&key.content)?;
        self.state().keep(url, key);
        Ok(verified)
    }

    /// Requests `url` and ignores the response's content.
    pub(crate) async fn visit(&self, url: &str) -> Result<(), VerifyError> {
        self.state().visits.spend(MAX_FETCHES, Instant::now())?;
        self.fetch(url).await.map(drop)
    }

    /// Returns the key at `url`, or its fetch, which is shared by all deliveries that need the key.
    ///
    /// `suffices` returns whether the response has the key that a delivery names. If not, the response is
    /// fetched again, unless it is younger than a [`PERIOD`]: forged requests that name made-up keys then
    /// cause one fetch per period. The caller must check again whether the response has the key.
    pub(crate) fn find(&self, url: &str, suffices: impl FnOnce(&K) -> bool) -> Result<Found<K>, VerifyError> {
        let state = self.state();
        let Some(key) = state.usable(url) else {
            return self.begin(state, url, MAX_REFETCHES).map(Found::Pending);
        };
        if key.fetched.elapsed() >= PERIOD && !suffices(&key.content) {
            return self.begin(state, url, K::MAX_MISSES).map(Found::Pending);
        }
        if state.is_due(url) {
            // The cached key is used even if the refresh cannot be started.
            drop(self.begin(state, url, MAX_REFETCHES));
        }
        Ok(Found::Key(key))
    }

    /// Starts a fetch of `url`, or returns the one in progress. `most` limits the fetches of a cached key per
    /// [`PERIOD`].
    fn begin(
        &self,
        mut state: MutexGuard<'_, State<K>>,
        url: &str,
        most: u32,
    ) -> Result<PendingFetch<K>, VerifyError> {
        // A fetch that began more than `LONGEST` ago belongs to a runtime that has stopped; otherwise its
        // timeout would have ended it.
        if let Some(pending) = state.pending.get(url).filter(|pending| pending.begun.elapsed() < LONGEST) {
            return Ok(pending.clone());
        }
        let runtime = Handle::try_current().map_err(VerifyError::unavailable)?;
        state.spend(url, most)?;
        let (sender, result) = watch::channel(None);
        let pending = PendingFetch { begun: Instant::now(), result };
        state.pending.insert(url.into(), pending.clone());
        // Unlock first: a runtime that is shutting down drops the task at once, and dropping its guard locks
        // again.
        drop(state);
        let guard = FetchGuard { cache: self.clone(), url: url.into(), sender };
        // A separate task, so that a client that disconnects does not end the fetch for other deliveries.
        runtime.spawn(async move {
            let result = guard.cache.fetch_key(&guard.url).await;
            if let Ok(key) = &result {
                let mut state = guard.cache.state();
                if guard.is_current(&state) {
                    state.accept(&guard.url, key);
                }
            }
            guard.sender.send_replace(Some(result));
        });
        Ok(pending)
    }

    async fn fetch_key(&self, url: &str) -> FetchResult<K> {
        let body = self.fetch(url).await?;
        let content = (self.0.read)(&body).map_err(VerifyError::unavailable)?;
        Ok(Arc::new(FetchedKey { content, fetched: Instant::now() }))
    }

    async fn fetch(&self, url: &str) -> Result<Bytes, VerifyError> {
        let fetched = timeout(LONGEST, catch_unwind(|| self.0.fetcher.fetch(url))).await;
        let body = fetched
            .map_err(VerifyError::unavailable)?
            .map_err(|_| VerifyError::unavailable("`Fetch::fetch` panicked"))?
            .map_err(VerifyError::unavailable)?;
        match body.len() {
            0..=LARGEST => Ok(body),
            _ => Err(VerifyError::unavailable("fetched response is longer than 64 KiB")),
        }
    }
}

impl<K> KeyCache<K> {
    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guard that ends a fetch even if its task is dropped, so that the next delivery starts another.
struct FetchGuard<K> {
    cache: KeyCache<K>,
    url: Box<str>,
    sender: watch::Sender<Option<FetchResult<K>>>,
}

impl<K> FetchGuard<K> {
    /// Returns whether no later fetch has replaced this fetch.
    fn is_current(&self, state: &State<K>) -> bool {
        let pending = state.pending.get(&self.url);
        pending.is_some_and(|pending| pending.result.same_channel(&self.sender.subscribe()))
    }
}

impl<K> Drop for FetchGuard<K> {
    fn drop(&mut self) {
        let mut state = self.cache.state();
        if self.is_current(&state) {
            state.pending.remove(&self.url);
        }
    }
}

/// Waits for a fetch to end.
pub(crate) async fn fetched<K>(mut pending: PendingFetch<K>) -> FetchResult<K> {
    let left = LONGEST.saturating_sub(pending.begun.elapsed());
    let result = timeout(left, pending.result.wait_for(Option::is_some)).await;
    let result = result.map_err(VerifyError::unavailable)?.ok().and_then(|result| (*result).clone());
    result.unwrap_or_else(|| Err(VerifyError::unavailable("fetch was interrupted")))
}

impl<K> fmt::Debug for KeyCache<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").field("keys", &self.state().keys.len()).finish_non_exhaustive()
    }
}

/// Checks that `now` is within the certificate's validity. A bare public key has no dates, so it is always
/// accepted.
pub(crate) fn in_force(certificate: &Certificate, now: SystemTime) -> Result<(), VerifyError> {
    match &certificate.validity {
        Some(validity) if !validity.contains(&now) => {
            Err(VerifyError::wrong("certificate is not valid at this time"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    #[allow(clippy::panic, reason = "the test needs a panic")]
    async fn a_panic_while_a_key_is_read_does_not_block_the_next_fetch() {
        struct Counting(Arc<AtomicUsize>);
        impl Fetch for Counting {
            async fn fetch(&self, _: &str, _: usize) -> Result<Bytes, BoxError> {
                self.0.fetch_add(1, Ordering::Relaxed);
                Ok(Bytes::new())
            }
        }

        let fetches = Arc::new(AtomicUsize::new(0));
        let keys =
            KeyCache::<Certificate>::reading(|_| panic!("bug in the reader"), Counting(Arc::clone(&fetches)));
        for fetch in 1..=3 {
            let judged = keys.verify("https://example.com/key", |_| Ok(Verified::new())).await;
            assert!(judged.is_err());
            assert_eq!(fetches.load(Ordering::Relaxed), fetch);
        }
    }
}
