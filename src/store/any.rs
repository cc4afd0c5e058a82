use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use super::{Claim, Key, MokaStore, Store, StoreError, Token};
use crate::task::BoxFuture;

/// Any [`Store`], shared, so that the layer needs no type parameter for it.
#[derive(Clone)]
pub(crate) enum SharedStore {
    /// The usual one. It answers at once, so its answers need no boxes: that saves 4 per cent of the
    /// instructions of a delivery.
    Memory(Arc<MokaStore>),
    Other(Arc<dyn ErasedStore>),
}

impl SharedStore {
    pub(crate) fn new<S: Store>(store: S) -> Self {
        let store = Arc::new(store);
        let any = Arc::clone(&store) as Arc<dyn Any + Send + Sync>;
        match any.downcast::<MokaStore>().map_err(|any| any.downcast::<Arc<MokaStore>>()) {
            Ok(memory) => Self::Memory(memory),
            Err(Ok(memory)) => Self::Memory(Arc::clone(&memory)),
            Err(Err(_)) => Self::Other(store),
        }
    }

    pub(crate) async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        match self {
            Self::Memory(store) => Store::claim(store, key, token, lease).await,
            Self::Other(store) => store.claim(key, token, lease).await,
        }
    }

    pub(crate) async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        match self {
            Self::Memory(store) => Store::extend(store, key, token, lease).await,
            Self::Other(store) => store.extend(key, token, lease).await,
        }
    }

    pub(crate) async fn complete(
        &self,
        key: &Key,
        token: &Token,
        window: Duration,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Memory(store) => Store::complete(store, key, token, window).await,
            Self::Other(store) => store.complete(key, token, window).await,
        }
    }

    pub(crate) async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        match self {
            Self::Memory(store) => Store::release(store, key, token).await,
            Self::Other(store) => store.release(key, token).await,
        }
    }

    pub(crate) fn answers_within(&self) -> Option<Duration> {
        match self {
            Self::Memory(store) => Store::answers_within(store),
            Self::Other(store) => store.answers_within(),
        }
    }
}

/// A [`Store`] behind a pointer: its futures are boxed here, so that the trait's own signatures have no boxes.
pub(crate) trait ErasedStore: Send + Sync {
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
    fn answers_within(&self) -> Option<Duration>;
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

    fn answers_within(&self) -> Option<Duration> {
        // A store that panics here has promised nothing.
        catch_unwind(AssertUnwindSafe(|| Store::answers_within(self))).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::CachedStore;

    #[test]
    fn a_store_in_memory_is_recognised_also_where_it_is_shared_already() {
        let is_memory = |store| matches!(store, SharedStore::Memory(_));
        assert!(is_memory(SharedStore::new(MokaStore::new(1))));
        assert!(is_memory(SharedStore::new(Arc::new(MokaStore::new(1)))));
        assert!(!is_memory(SharedStore::new(CachedStore::new(MokaStore::new(1), 1))));
    }

    #[tokio::test]
    async fn it_is_the_same_store_that_was_given() -> Result<(), StoreError> {
        let (given, key, token) = (Arc::new(MokaStore::new(1)), Key::new("scope", "id"), Token::mint());
        let shared = SharedStore::new(Arc::clone(&given));
        shared.claim(&key, &token, Duration::from_secs(1)).await?;
        assert!(Store::release(&given, &key, &token).await?);
        Ok(())
    }
}
