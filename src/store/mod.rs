//! Deduplication stores: the [`Store`] trait and its implementations.
//!
//! A delivery is *claimed* before its handler runs, for a *lease* that is extended while the handler runs.
//! The claim is then *completed*, after which duplicates are recognized for a *window*, or *released*, after
//! which the next attempt runs.
//!
//! | store | for | costs |
//! |---|---|---|
//! | [`MokaStore`] (default) | one process | memory |
//! | `RedisStore` (feature `redis`) | several replicas | two round trips per delivery, one per duplicate |
//! | `PostgresStore` (feature `postgres`) | several replicas with a database; effects exactly once | two statements per delivery, three with a transaction, one per duplicate |
//! | [`CachedStore`] in front of another store | duplicates in quick succession | memory; saves the round trip of such a duplicate |
//! | [`AnyStore`] | any of these stores, chosen at run time or by a URL | those of the chosen store |
//! | [custom store](#custom-stores) | an existing database | depends on the database |
//!
//! See [Choose a store](crate::guide::stores) for help with the choice and the capacity.
//!
//! # Custom stores
//!
//! A store has five operations, each of which must be atomic for its key. A claim is identified by an owner
//! token that the caller creates *before* it claims, so that it can repeat or release a claim whose answer
//! was lost. The following store is complete, but not optimized. Check your own with `store::contract`
//! (feature `test-util`).
//!
//! ```
//! use std::{collections::HashMap, sync::Mutex, time::{Duration, Instant}};
//! use tower_webhook::store::{Claim, Key, Store, StoreError, Token};
//!
//! #[derive(Default)]
//! struct MapStore(Mutex<HashMap<Key, Record>>);
//!
//! struct Record { owner: Option<Token>, fencing_token: u64, until: Instant } // `None` once completed
//!
//! impl Store for MapStore {
//!     async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
//!         let (mut records, now) = (self.0.lock().map_err(|_| StoreError::new("poisoned"))?, Instant::now());
//!         let mut fencing_token = 1;
//!         if let Some(record) = records.get(key) {
//!             let live = record.until > now;
//!             match &record.owner {
//!                 None if live => return Ok(Claim::Completed),
//!                 Some(owner) if live && owner != token => return Ok(Claim::InProgress),
//!                 _ => fencing_token = record.fencing_token + 1,
//!             }
//!         }
//!         records.insert(key.clone(), Record { owner: Some(*token), fencing_token, until: now + lease });
//!         Ok(Claim::Acquired { fencing_token })
//!     }
//!
//!     async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
//!         self.if_mine(key, token, |record| record.until = Instant::now() + lease)
//!     }
//!
//!     async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
//!         self.if_mine(key, token, |record| { record.owner = None; record.until = Instant::now() + window })
//!     }
//!
//!     async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
//!         self.if_mine(key, token, |record| record.until = Instant::now())
//!     }
//!
//!     async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
//!         let mut records = self.0.lock().map_err(|_| StoreError::new("poisoned"))?;
//!         let completed = |record: &Record| record.owner.is_none() && record.until > Instant::now();
//!         // Keep the record, for the next fencing token.
//!         let record = records.get_mut(key).filter(|record| completed(record));
//!         Ok(record.map(|record| record.until = Instant::now()).is_some())
//!     }
//! }
//!
//! impl MapStore {
//!     fn if_mine(&self, key: &Key, token: &Token, change: impl FnOnce(&mut Record)) -> Result<bool, StoreError> {
//!         let mut records = self.0.lock().map_err(|_| StoreError::new("poisoned"))?;
//!         let mine = |record: &&mut Record| record.owner == Some(*token) && record.until > Instant::now();
//!         Ok(records.get_mut(key).filter(mine).map(change).is_some())
//!     }
//! }
//! ```

mod any;
mod cached;
mod claim_handle;
#[cfg(feature = "test-util")]
mod contract;
mod key;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod url;

use std::{error::Error, fmt, sync::Arc, time::Duration};

pub(crate) use self::claim_handle::{ClaimOwner, Release, TransactionState, TransactionalStore};
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub use self::contract::contract;
#[cfg(feature = "postgres")]
pub(crate) use self::postgres::SealedCompletable;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use self::postgres::{Completable, CompleteError, Completion, PostgresStore};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::redis::RedisStore;
pub use self::{
    any::AnyStore,
    cached::CachedStore,
    claim_handle::ClaimHandle,
    key::{Key, Token},
    memory::MokaStore,
    url::ConnectError,
};
use crate::BoxError;

/// A store that remembers deliveries by their [`Key`].
///
/// # Requirements
///
/// An implementation must:
///
/// * make each operation atomic for its key, even with concurrent callers;
/// * distinguish keys by both of their parts, as their `Eq` does, and not by their text;
/// * compare the token: an owner whose lease has expired must not change the claim;
/// * let the next claimant take over an expired lease, with a higher fencing token;
/// * answer promptly: the layer waits at most a second and then treats the call as failed. A store with its
///   own timeout should implement [`answers_within`](Self::answers_within), which saves a timer.
///
/// `store::contract` (feature `test-util`) checks these requirements.
///
/// # Cancel safety
///
/// The layer may drop the future of any operation before the future completes. The operation may have taken
/// place or not; the layer settles the claim with the same token afterwards.
///
/// # Panics
///
/// The stores of this crate do not panic. The layer treats a panic of any method as a store failure.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a deduplication store",
    note = "use `store::MokaStore::new(capacity)`, `store::RedisStore::connect(url).await?` (feature `redis`), \
            `store::PostgresStore::new(pool)` (feature `postgres`), \
            or implement `store::Store`; an `Arc` of a store is one too",
    note = "a store chosen at run time is a `store::AnyStore`: `AnyStore::connect(url).await?`, or `AnyStore::new(store)` \
            instead of `Arc<dyn Store>`"
)]
pub trait Store: Send + Sync + 'static {
    /// Claims `key` for `lease`, for the owner of `token`.
    ///
    /// Claiming again with the same token returns [`Claim::Acquired`] and starts a new lease.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. The claim may have been made or not.
    fn claim(
        &self,
        key: &Key,
        token: &Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send; // quoted by E0038: use `AnyStore` instead of `dyn Store`

    /// Extends the lease to `lease` from now. Returns `false` if the token no longer holds the claim.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    fn extend(
        &self,
        key: &Key,
        token: &Token,
        lease: Duration,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Completes the claim: `key` was handled and is remembered for `window`. Returns `false`, and changes
    /// nothing, if the token no longer holds the claim.
    ///
    /// If the call is repeated with the same token because its answer was lost, it may return `true` again.
    /// The same applies to [`release`](Self::release).
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. The layer then retries with a back-off until the lease may have
    /// expired.
    fn complete(
        &self,
        key: &Key,
        token: &Token,
        window: Duration,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Releases the claim: the next claimant acquires `key` at once. Returns `false`, and changes nothing, if
    /// the token no longer holds the claim.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. The layer then retries with a back-off until the lease may have
    /// expired.
    fn release(&self, key: &Key, token: &Token) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Forgets a completed `key`, so that a redelivery by hand runs again. Returns `false`, and changes
    /// nothing, if the key is not completed. Claims in progress are not affected.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    fn forget(&self, key: &Key) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Returns the time within which the store answers each call, if it has its own timeout. Each call must
    /// then return within that time, even if the server does not respond. Default: `None`, no guarantee.
    ///
    /// The layer adds a timer to each call of a store that does not guarantee an answer within a second.
    fn answers_within(&self) -> Option<Duration> {
        None
    }
}

impl<S: Store> Store for Arc<S> {
    fn claim(
        &self,
        key: &Key,
        token: &Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send {
        (**self).claim(key, token, lease)
    }

    fn extend(
        &self,
        key: &Key,
        token: &Token,
        lease: Duration,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).extend(key, token, lease)
    }

    fn complete(
        &self,
        key: &Key,
        token: &Token,
        window: Duration,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).complete(key, token, window)
    }

    fn release(&self, key: &Key, token: &Token) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).release(key, token)
    }

    fn forget(&self, key: &Key) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).forget(key)
    }

    fn answers_within(&self) -> Option<Duration> {
        (**self).answers_within()
    }
}

/// The result of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a store that wraps another must handle each variant")]
pub enum Claim {
    /// The caller holds the claim.
    Acquired {
        /// The fencing token. It is higher for each new owner of the same key: reject writes with a lower
        /// token, so that a stalled earlier run cannot overwrite a later one.
        fencing_token: u64,
    },
    /// Another owner holds the claim, and its lease has not expired.
    InProgress,
    /// The delivery was handled before, within the window.
    Completed,
}

/// The error of a failed store operation.
#[derive(Debug)]
pub struct StoreError(BoxError);

impl StoreError {
    /// Creates an error with a cause, which may be a text.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deduplication store failed")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
