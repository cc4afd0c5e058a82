use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{Key, StoreError, Token};
use crate::task::BoxFuture;

/// A handle to the layer's claim on a delivery or an item, for completing the claim outside of the layer.
///
/// Obtained from [`Delivery::claim_handle`](crate::Delivery::claim_handle) and
/// [`ItemClaim::handle`](crate::ItemClaim::handle). If the store keeps its claims in the application's
/// database, a handler can complete the claim in the same transaction as its effect, so that either both
/// happen or neither:
///
/// ```
/// use tower_webhook::store::{ClaimHandle, Store, StoreError};
///
/// /// Returns `false` if the claim is lost; then roll the transaction back.
/// async fn complete(store: &impl Store, handle: &ClaimHandle) -> Result<bool, StoreError> {
///     for (key, token) in handle.claims() {
///         if !store.complete(key, token, handle.window()).await? {
///             return Ok(false);
///         }
///     }
///     Ok(true)
/// }
/// ```
///
/// With PostgreSQL, `PostgresStore::complete_in` (feature `postgres`) does so.
///
/// Cloning is cheap. A handle neither holds the claim nor extends its lease. Once the claim is settled or
/// lost, its token no longer matches.
#[derive(Clone)]
pub struct ClaimHandle {
    claim: (Key, ClaimOwner),
    replay_claim: Option<(Key, ClaimOwner)>,
    window: Duration,
}

/// The owner of a claim.
#[derive(Clone)]
pub(crate) struct ClaimOwner {
    pub(crate) token: Token,
    /// `None` for a store in memory, which cannot take part in a transaction.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "no other store sets it"))]
    pub(crate) transaction: Option<Arc<TransactionState>>,
}

/// The state of the handler's transaction that completes a claim, instead of the layer.
#[derive(Default)]
pub(crate) struct TransactionState {
    /// The store in whose table a transaction completes the claim. The layer may have another store around this
    /// one, and a [`Store`](super::Store) cannot return whether a claim is completed.
    store: Mutex<Option<Arc<dyn TransactionalStore>>>,
    uncommitted: AtomicBool,
    /// The state of the item's delivery, whose response must be a failure if the item is lost.
    delivery: Option<Arc<TransactionState>>,
}

impl TransactionState {
    pub(crate) fn of_item(delivery: Option<Arc<Self>>) -> Self {
        Self { delivery, ..Self::default() }
    }

    /// Sets the store in whose table a transaction completes the claim.
    #[cfg(feature = "postgres")]
    pub(super) fn set_store(&self, store: Option<Arc<dyn TransactionalStore>>) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = store;
    }

    /// Returns the store if a transaction completes the claim.
    pub(crate) fn store(&self) -> Option<Arc<dyn TransactionalStore>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records that the transaction was not committed.
    pub(crate) fn set_uncommitted(&self) {
        self.uncommitted.store(true, Ordering::Release);
        if let Some(delivery) = &self.delivery {
            delivery.set_uncommitted();
        }
    }

    /// Returns whether the transaction of the delivery or of one of its items was not committed.
    pub(crate) fn is_uncommitted(&self) -> bool {
        self.uncommitted.load(Ordering::Acquire)
    }
}

/// A store whose claims can be completed in a transaction of the handler.
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "no other store implements it"))]
pub(crate) trait TransactionalStore: Send + Sync {
    /// Releases the claim, unless the transaction has completed it. It must not complete the claim: if the
    /// transaction was not committed, its effect is missing.
    fn release_uncompleted<'a>(
        &'a self,
        key: &'a Key,
        token: &'a Token,
    ) -> BoxFuture<'a, Result<Release, StoreError>>;

    /// Returns the time within which the store answers each call.
    fn answers_within(&self) -> Duration;
}

/// The result of [`TransactionalStore::release_uncompleted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "no other store returns it"))]
pub(crate) enum Release {
    Released,
    Completed,
    /// The token no longer holds the claim.
    Lost,
}

impl ClaimHandle {
    pub(crate) fn new(key: Key, owner: ClaimOwner, window: Duration) -> Self {
        Self { claim: (key, owner), replay_claim: None, window }
    }

    /// Adds the claim on the key of the body.
    pub(crate) fn with_replay_claim(self, replay_claim: Option<(Key, ClaimOwner)>) -> Self {
        Self { replay_claim, ..self }
    }

    #[cfg(feature = "postgres")]
    pub(super) fn owners(&self) -> impl Iterator<Item = (&Key, &ClaimOwner)> {
        std::iter::once(&self.claim).chain(&self.replay_claim).map(|(key, owner)| (key, owner))
    }

    /// Returns the key of the delivery or the item.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.claim.0
    }

    /// Returns the owner token of the claim on [`key`](Self::key).
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.claim.1.token
    }

    /// Returns each claimed key with its owner token, [`key`](Self::key) first. With
    /// [`replay_guard`](crate::WebhookLayer::replay_guard), the key of the body may follow. Settle all of
    /// them together.
    pub fn claims(&self) -> impl Iterator<Item = (&Key, &Token)> {
        std::iter::once(&self.claim).chain(&self.replay_claim).map(|(key, owner)| (key, &owner.token))
    }

    /// Returns the deduplication window, for which a completed key is remembered.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.window
    }
}

impl fmt::Debug for ClaimHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimHandle")
            .field("keys", &self.claims().map(|(key, _)| key).collect::<Vec<_>>())
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}
