use std::{pin::Pin, time::Duration};

use super::{Claim, Key, Store, StoreError, Token};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Any [`Store`] behind a pointer: its futures are boxed here, so that the layer needs no type
/// parameter for it and the trait's own signatures no boxes.
pub(crate) trait ErasedStore: Send + Sync {
    fn claim<'a>(&'a self, key: &'a Key, token: &'a Token, lease: Duration) -> BoxFuture<'a, Claim>;
    fn extend<'a>(&'a self, key: &'a Key, token: &'a Token, lease: Duration) -> BoxFuture<'a, bool>;
    fn complete<'a>(&'a self, key: &'a Key, token: &'a Token, window: Duration) -> BoxFuture<'a, bool>;
    fn release<'a>(&'a self, key: &'a Key, token: &'a Token) -> BoxFuture<'a, bool>;
    fn answers_within(&self) -> Option<Duration>;
}

impl<S: Store> ErasedStore for S {
    fn claim<'a>(&'a self, key: &'a Key, token: &'a Token, lease: Duration) -> BoxFuture<'a, Claim> {
        Box::pin(Store::claim(self, key, token, lease))
    }

    fn extend<'a>(&'a self, key: &'a Key, token: &'a Token, lease: Duration) -> BoxFuture<'a, bool> {
        Box::pin(Store::extend(self, key, token, lease))
    }

    fn complete<'a>(&'a self, key: &'a Key, token: &'a Token, window: Duration) -> BoxFuture<'a, bool> {
        Box::pin(Store::complete(self, key, token, window))
    }

    fn release<'a>(&'a self, key: &'a Key, token: &'a Token) -> BoxFuture<'a, bool> {
        Box::pin(Store::release(self, key, token))
    }

    fn answers_within(&self) -> Option<Duration> {
        Store::answers_within(self)
    }
}
