use std::{
    any::{Any, type_name},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "redis")]
use redis::aio::ConnectionLike;

#[cfg(feature = "postgres")]
use super::PostgresStore;
#[cfg(feature = "redis")]
use super::RedisStore;
use super::{CachedStore, Claim, Key, MokaStore, Store, StoreError, Token};
use crate::task::BoxFuture;

/// A type-erased [`Store`], for stores chosen at run time.
///
/// Use it instead of `Arc<dyn Store>`: `Store` is not dyn-compatible, because its futures are not boxed.
/// [`connect`](Self::connect) creates a store from a URL; [`new`](Self::new) and `From` convert any other
/// store.
///
/// Clones share the store. The layer wraps every store in an `AnyStore`, so passing one adds no indirection
/// and no box.
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer, store::{AnyStore, Key, Store}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_webhook::BoxError> {
/// # let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
/// let store = AnyStore::connect("memory:?capacity=1000000").await?; // or "postgres://…", "redis://…"
/// let layer = WebhookLayer::new(secret).dedupe(store.clone());
///
/// // An administrator's route lets a handled delivery run again:
/// let was_completed = store.forget(&Key::new("github-orders", "72d3162e")).await?;
/// # assert!(!was_completed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AnyStore(Erased);

#[derive(Clone)]
enum Erased {
    /// The default. It answers at once. Awaiting its futures would make the future of each request larger.
    Memory(Arc<MokaStore>),
    Other(Arc<dyn ErasedStore>),
}

impl AnyStore {
    /// Erases the type of `store`. An `AnyStore`, or an `Arc<AnyStore>`, is not wrapped again.
    ///
    /// ```
    /// use tower_webhook::store::{AnyStore, CachedStore, MokaStore};
    ///
    /// let cached = true;
    /// let store = if cached {
    ///     AnyStore::new(CachedStore::new(MokaStore::new(1_000), 100))
    /// } else {
    ///     AnyStore::from(MokaStore::new(1_000))
    /// };
    /// ```
    #[must_use]
    pub fn new<S: Store>(store: S) -> Self {
        let store = Arc::new(store);
        let any: &dyn Any = &*store;
        if let Some(erased) = any.downcast_ref().or_else(|| any.downcast_ref::<Arc<Self>>().map(|any| &**any))
        {
            return Self::clone(erased);
        }
        if let Some(memory) = any.downcast_ref() {
            return Self(Erased::Memory(Arc::clone(memory)));
        }
        let any = Arc::clone(&store) as Arc<dyn Any + Send + Sync>;
        Self(any.downcast().map_or(Erased::Other(store), Erased::Memory))
    }

    /// Returns whether this is a [`MokaStore`], which cannot take part in a transaction.
    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.0, Erased::Memory(_))
    }
}

impl Store for AnyStore {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        match &self.0 {
            Erased::Memory(store) => Ok(store.lock(key).claim(token, lease)),
            Erased::Other(store) => store.claim(key, token, lease).await,
        }
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        match &self.0 {
            Erased::Memory(store) => Ok(store.lock(key).extend(token, lease)),
            Erased::Other(store) => store.extend(key, token, lease).await,
        }
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        match &self.0 {
            Erased::Memory(store) => Ok(store.lock(key).complete(token, window)),
            Erased::Other(store) => store.complete(key, token, window).await,
        }
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        match &self.0 {
            Erased::Memory(store) => Ok(store.lock(key).release(token)),
            Erased::Other(store) => store.release(key, token).await,
        }
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        match &self.0 {
            Erased::Memory(store) => Ok(store.lock(key).forget()),
            Erased::Other(store) => store.forget(key).await,
        }
    }

    fn answers_within(&self) -> Option<Duration> {
        match &self.0 {
            Erased::Memory(store) => Store::answers_within(store),
            Erased::Other(store) => store.answers_within(),
        }
    }
}

impl From<MokaStore> for AnyStore {
    fn from(store: MokaStore) -> Self {
        Self::new(store)
    }
}

impl<S: Store> From<CachedStore<S>> for AnyStore {
    fn from(store: CachedStore<S>) -> Self {
        Self::new(store)
    }
}

#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
impl From<PostgresStore> for AnyStore {
    fn from(store: PostgresStore) -> Self {
        Self::new(store)
    }
}

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
impl<C: ConnectionLike + Clone + Send + Sync + 'static> From<RedisStore<C>> for AnyStore {
    fn from(store: RedisStore<C>) -> Self {
        Self::new(store)
    }
}

impl<S: Store> From<Arc<S>> for AnyStore {
    fn from(store: Arc<S>) -> Self {
        Self::new(store)
    }
}

/// Shows only the type of the store, because a store need not be `Debug`.
impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Erased::Memory(store) => f.debug_tuple("AnyStore").field(store).finish(),
            Erased::Other(store) => write!(f, "AnyStore({})", store.type_name()),
        }
    }
}

/// A dyn-compatible [`Store`]: it boxes the futures, so that the public trait need not.
trait ErasedStore: Send + Sync {
    fn claim<'a>(
        &'a self,
        key: &'a Key,
        token: &'a Token,
        lease: Duration,
    ) -> BoxFuture<'a, Result<Claim, StoreError>>;
    fn extend<'a>(
        &'a self,
        key: &'a Key,
        token: &'a Token,
        lease: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;
    fn complete<'a>(
        &'a self,
        key: &'a Key,
        token: &'a Token,
        window: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;
    fn release<'a>(&'a self, key: &'a Key, token: &'a Token) -> BoxFuture<'a, Result<bool, StoreError>>;
    fn forget<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>>;
    fn answers_within(&self) -> Option<Duration>;
    fn type_name(&self) -> &'static str;
}

impl<S: Store> ErasedStore for S {
    fn claim<'a>(
        &'a self,
        key: &'a Key,
        token: &'a Token,
        lease: Duration,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        Box::pin(Store::claim(self, key, token, lease))
    }

    fn extend<'a>(
        &'a self,
        key: &'a Key,
        token: &'a Token,
        lease: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(Store::extend(self, key, token, lease))
    }

    fn complete<'a>(
        &'a self,
        key: &'a Key,
        token: &'a Token,
        window: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(Store::complete(self, key, token, window))
    }

    fn release<'a>(&'a self, key: &'a Key, token: &'a Token) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(Store::release(self, key, token))
    }

    fn forget<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(Store::forget(self, key))
    }

    fn answers_within(&self) -> Option<Duration> {
        // A panic in the call counts as no guarantee.
        catch_unwind(AssertUnwindSafe(|| Store::answers_within(self))).ok().flatten()
    }

    fn type_name(&self) -> &'static str {
        type_name::<S>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_memory(store: impl Store) -> bool {
        matches!(AnyStore::new(store).0, Erased::Memory(_))
    }

    #[test]
    fn a_memory_store_is_recognized_even_if_shared_or_erased() {
        assert!(is_memory(MokaStore::new(1)));
        assert!(is_memory(Arc::new(MokaStore::new(1))));
        assert!(is_memory(AnyStore::from(MokaStore::new(1))));
        assert!(is_memory(Arc::new(AnyStore::from(Arc::new(MokaStore::new(1))))));
        assert!(!is_memory(CachedStore::new(MokaStore::new(1), 1)));
    }

    #[test]
    fn an_erased_store_is_not_erased_again() {
        let store = AnyStore::from(CachedStore::new(MokaStore::new(1), 1));
        let address = |store: &AnyStore| match &store.0 {
            Erased::Other(store) => Arc::as_ptr(store).cast::<()>(),
            Erased::Memory(store) => Arc::as_ptr(store).cast(),
        };
        assert_eq!(address(&AnyStore::new(store.clone())), address(&store));
        assert_eq!(address(&AnyStore::new(Arc::new(store.clone()))), address(&store));
    }

    #[tokio::test]
    async fn claims_reach_the_given_store() -> Result<(), StoreError> {
        let (given, key, token) = (Arc::new(MokaStore::new(1)), Key::new("scope", "id"), Token::mint());
        let store = AnyStore::from(Arc::clone(&given));
        Store::claim(&store, &key, &token, Duration::from_secs(1)).await?;
        assert!(Store::release(&given, &key, &token).await?);
        Ok(())
    }

    #[test]
    fn debug_shows_the_type_of_the_store() {
        assert_eq!(
            format!("{:?}", AnyStore::from(MokaStore::new(7))),
            "AnyStore(MokaStore { capacity: 7, .. })"
        );
        let cached = format!("{:?}", AnyStore::from(CachedStore::new(MokaStore::new(7), 1)));
        assert!(cached.starts_with("AnyStore(") && cached.contains("CachedStore<"), "{cached}");
    }
}
