//! Remembering which deliveries were handled: [`Store`], and those that are here to choose from.
//!
//! A delivery is *claimed* before its handler runs, for a *lease* that is extended while it runs,
//! and the claim is then *completed*, after which duplicates are recognised for a *window*, or
//! *released*, after which the next copy runs.
//!
//! | store | for | costs |
//! |---|---|---|
//! | [`MokaStore`] (default) | one process | memory |
//! | `RedisStore` (feature `redis`) | several replicas | two round trips a delivery, one a duplicate |
//! | [`CachedStore`] before another | duplicates that come quickly | memory; saves them the round trip |
//! | [`AnyStore`] | any of them, chosen at run time or by a URL | what that store costs |
//! | [one of your own](#a-store-of-ones-own) | what you have already | what it costs you |
//!
//! [Choose a store](crate::guide::stores) says which, and how large.
//!
//! # A store of one's own
//!
//! Five operations, each of which must be atomic for its key. The claimant is known by a token
//! that the caller makes up *before* it claims: a claim whose answer was lost can so be repeated,
//! or released. This one is complete, if not fast; check yours with `store::contract` (feature
//! `test-util`).
//!
//! ```
//! use std::{collections::HashMap, sync::Mutex, time::{Duration, Instant}};
//! use tower_webhook::store::{Claim, Key, Store, StoreError, Token};
//!
//! #[derive(Default)]
//! struct MapStore(Mutex<HashMap<Key, Record>>);
//!
//! struct Record { owner: Option<Token>, fencing_token: u64, until: Instant } // no owner: completed
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
//!         // It is kept, for the next owner's fencing token.
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
#[cfg(feature = "redis")]
mod redis;
mod url;

use std::{error::Error, fmt, sync::Arc, time::Duration};

#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub use self::contract::contract;
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

/// Remembers deliveries by their [`Key`].
///
/// # What an implementation must do
///
/// * make each operation atomic for its key, whoever else works on it at the same time;
/// * tell keys apart by both of their parts, as their `Eq` does, and not by how they read;
/// * compare the token: whoever lost a claim, because its lease ran out, can change nothing by it;
/// * let a lease that ran out be taken by the next claimant, with a higher fencing token;
/// * answer in reasonable time: the layer waits a second at most, then counts it as a failure. A store
///   that watches the time itself [says so](Self::answers_within), and saves the layer a timer.
///
/// `store::contract` (feature `test-util`) checks all of it.
///
/// # Cancel safety
///
/// The layer may drop any of these futures half-way. Whether the operation then took place is
/// open; the layer settles the claim with the same token afterwards.
///
/// # Panics
///
/// The stores of this crate do not panic. The layer treats a panic of any method as an error of the store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a dedupe store",
    note = "use `store::MokaStore::new(capacity)`, `store::RedisStore::connect(url).await?` (feature `redis`), \
            or implement `store::Store`; an `Arc` of a store is one too",
    note = "a store chosen at run time is a `store::AnyStore`: `AnyStore::connect(url).await?`, or `AnyStore::new(store)` \
            instead of `Arc<dyn Store>`"
)]
pub trait Store: Send + Sync + 'static {
    /// Claims `key` for `lease`, for the holder of `token`.
    ///
    /// Claiming again with one's own token is [`Claim::Acquired`], and begins a new lease.
    ///
    /// # Errors
    ///
    /// If the store cannot tell. Whether the claim was made is then open.
    fn claim(
        &self,
        key: &Key,
        token: &Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send; // quoted by E0038: instead of `dyn Store`: `AnyStore`

    /// Lets the claim live for `lease` from now on. `false`: it was no longer this token's.
    ///
    /// # Errors
    ///
    /// If the store cannot tell.
    fn extend(
        &self,
        key: &Key,
        token: &Token,
        lease: Duration,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends the claim: `key` was handled and is remembered for `window`. `false`: it was no longer
    /// this token's, and nothing was changed.
    ///
    /// Repeated with the same token, because an answer was lost, it may say `true` again; so may
    /// [`release`](Self::release).
    ///
    /// # Errors
    ///
    /// If the store cannot tell. The layer then tries again, with a back-off, while the lease may live.
    fn complete(
        &self,
        key: &Key,
        token: &Token,
        window: Duration,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends the claim: the next claimant gets `key` at once. `false`: it was no longer this
    /// token's, and nothing was changed.
    ///
    /// # Errors
    ///
    /// If the store cannot tell. The layer then tries again, with a back-off, while the lease may live.
    fn release(&self, key: &Key, token: &Token) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Opens a completed `key` again, so that the delivery can be sent once more by hand. `false`:
    /// it was not completed, and nothing was changed; a claim that is running is left alone.
    ///
    /// # Errors
    ///
    /// If the store cannot tell.
    fn forget(&self, key: &Key) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Within which time each answer comes, if the store sees to that itself: whatever becomes of
    /// its server, it then answers with an error. Default: `None`, it may take as long as it likes.
    ///
    /// The layer watches the time of a store that does not do so within a second: that is a timer
    /// for each answer that has to be waited for.
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

/// The answer to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a store that wraps another must handle each answer")]
pub enum Claim {
    /// The caller holds the claim.
    Acquired {
        /// The fencing token. It is higher for each new owner of the same key: reject writes with a lower
        /// one, so that a stalled earlier run cannot overwrite a later one.
        fencing_token: u64,
    },
    /// Another owner holds the claim, and its lease has not expired.
    InProgress,
    /// The delivery was handled before, within the window.
    Completed,
}

/// A store that could not tell.
#[derive(Debug)]
pub struct StoreError(BoxError);

impl StoreError {
    /// An error with a cause, or with a text for one.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the dedupe store failed")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
