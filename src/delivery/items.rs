use std::{fmt, panic::resume_unwind, pin::pin, time::Duration};

use super::Delivery;
use crate::{
    store::{ClaimHandle, Key, StoreError},
    task::{BoxFuture, RunEnd, catch_unwind, run},
    verify::{Endpoint, Profile, RequestContext},
};

/// The layer's deduplication, as a trait, so that the module of deliveries does not depend on the module that
/// deduplicates them.
///
/// Each delivery keeps a reference to it, because items may be claimed after the request and the layer are
/// gone.
pub(crate) trait Claims: Send + Sync {
    /// Returns a digest that distinguishes the receivers of an event, if the secret does not: behind a
    /// lookup, and for a provider that uses one secret for all endpoints of an account. `None` if there is no
    /// need, for example because a scope is set.
    fn receiver(&self, request: &RequestContext<'_>, endpoint: &Endpoint) -> Option<u64>;

    /// Returns the lease of a claim on a delivery with this profile.
    fn lease(&self, profile: &Profile) -> Duration;

    /// Returns the deduplication window of a delivery with this profile.
    fn window(&self, profile: &Profile) -> Duration;

    /// Returns the key of the delivery's body, if the replay guard is on and the signature does not cover the
    /// id.
    fn replay_key(&self, delivery: &Delivery) -> Option<Key>;

    /// Returns the key of an item; `None` without a store or an id.
    fn item_key(&self, delivery: &Delivery, id: &str) -> Option<Key>;

    /// Claims an item.
    fn claim_item<'a>(
        &'a self,
        delivery: &'a Delivery,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Item, StoreError>>;
}

/// A guard that releases an item's claim on drop.
pub(crate) trait ItemGuard: Send + Sync {
    /// Extends the lease periodically while the future is polled.
    fn heartbeat(&self) -> BoxFuture<'_, ()>;

    /// Completes the claim if the item was handled, and releases it otherwise.
    fn settle(self: Box<Self>, handled: bool) -> BoxFuture<'static, ()>;
}

/// The result of [`Delivery::claim_item`].
#[derive(Debug)]
#[must_use]
#[allow(clippy::exhaustive_enums, reason = "a handler that ignores a variant may lose the item")]
pub enum Item {
    /// The item is claimed: [run](ItemClaim::run) its work.
    Claimed(ItemClaim),
    /// The item was handled before, within the deduplication window. There is nothing to do.
    Duplicate,
    /// The item is in progress, and may still fail. Answer the whole delivery with 503, so that the provider
    /// retries; a 2xx would lose the item if the other run fails.
    InProgress,
}

/// A claim on one item of a delivery.
///
/// The lease starts when the item is claimed, and is extended only while its work [runs](Self::run). So claim
/// each item just before handling it, not all items of a batch in advance. Dropping the claim releases it.
#[must_use = "dropping it releases the item"]
pub struct ItemClaim {
    guard: Option<Box<dyn ItemGuard>>,
    claim: Option<AcquiredItem>,
    timeout: Duration,
    /// `true` if there is no claim because the store failed.
    pub(crate) store_failed: bool,
}

/// The details of an acquired item claim.
pub(crate) struct AcquiredItem {
    pub(crate) fencing_token: u64,
    pub(crate) handle: ClaimHandle,
}

/// Items of a batch.
impl Delivery {
    /// Claims an item of a batch, so that it is handled once even if several deliveries contain it.
    ///
    /// [`for_each`](Self::for_each) claims and handles all items of a batch. Call this method instead to
    /// handle items in another order or concurrently, or to use their [fencing
    /// tokens](ItemClaim::fencing_token) or [handles](ItemClaim::handle).
    ///
    /// The claim uses the layer's store, lease, window, scope and [`StoreFailure`](crate::StoreFailure), like
    /// the claim of the delivery. The two claims are independent, so the items of a delivery without an id
    /// can be claimed too. Each item occupies one entry of the store: consider the capacity of a
    /// [`MokaStore`](crate::store::MokaStore).
    ///
    /// `id` identifies the item among all items of this endpoint. If items of different kinds can have the
    /// same id, or if the same id occurs again with each change, add the kind or the change to the id:
    /// `format!("{id}/{status}")`.
    ///
    /// An item with an empty id is not deduplicated. The same applies to all items if the layer has [no
    /// store](crate::WebhookLayer::without_dedupe). In both cases, the result is an [`Item::Claimed`] whose
    /// [`is_deduped`](ItemClaim::is_deduped) is `false`.
    ///
    /// # Errors
    ///
    /// Returns an error if the store may be used by other endpoints, but this endpoint has no
    /// [scope](crate::WebhookLayer::scope) and its verifier sets no fingerprint.
    ///
    /// Returns an error if the store fails, or does not answer within a second, and the layer
    /// [rejects](crate::StoreFailure::Reject) such deliveries (the default, except for providers that never
    /// retry). Respond with 503, so that the provider retries. If the layer
    /// [proceeds](crate::StoreFailure::Proceed), the result is an [`Item::Claimed`] that is not deduplicated.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future releases a claim that may have been made.
    ///
    /// # Example
    ///
    /// ```
    /// use http::StatusCode;
    /// use tower_webhook::{BoxError, Delivery, Item};
    ///
    /// async fn on_message(delivery: &Delivery, id: &str) -> Result<StatusCode, BoxError> {
    ///     Ok(match delivery.claim_item(id).await? {
    ///         Item::Claimed(item) => item.run(handle(id)).await.map(|()| StatusCode::OK)?,
    ///         Item::Duplicate => StatusCode::OK,
    ///         // The other run may still fail.
    ///         Item::InProgress => StatusCode::SERVICE_UNAVAILABLE,
    ///     })
    /// }
    ///
    /// async fn handle(id: &str) -> Result<(), BoxError> {
    ///     // …
    /// #   let _ = id;
    ///     Ok(())
    /// }
    /// ```
    pub async fn claim_item(&self, id: &str) -> Result<Item, StoreError> {
        self.claims().claim_item(self, id).await
    }

    /// Returns the deduplication key of the item with this id, for
    /// [`Store::forget`](crate::store::Store::forget). `None` if the id is empty, if the layer has no store,
    /// or if the item cannot be claimed because a scope is missing.
    ///
    /// The keys of items are separate from those of deliveries: an item and a delivery with the same id have
    /// different keys.
    #[must_use]
    pub fn item_key(&self, id: &str) -> Option<Key> {
        self.claims().item_key(self, id)
    }
}

impl ItemClaim {
    pub(crate) fn new(claimed: Option<(Box<dyn ItemGuard>, AcquiredItem)>, timeout: Duration) -> Self {
        let (guard, claim) = claimed.unzip();
        Self { guard, claim, timeout, store_failed: false }
    }

    /// Creates the claim of an item that runs although the store failed.
    pub(crate) fn unclaimed() -> Self {
        Self { guard: None, claim: None, timeout: Duration::ZERO, store_failed: true }
    }

    /// Runs the item's work. While it runs, the lease is extended each time a third of it has passed. After
    /// an `Ok`, the item is completed. After an `Err` or a panic, the item is released, so that the next
    /// delivery that contains the item runs it again. A panic propagates.
    ///
    /// If the work completes the item in a transaction (`PostgresStore::complete_in`), the item is completed if and
    /// only if the transaction is committed, whatever the result of the work. If the work succeeds without a commit,
    /// the layer answers the whole delivery with 500. If the work fails, the handler decides about the response.
    ///
    /// Returns the result of the work even if the store fails afterwards: settling is then retried in the
    /// background until the lease expires.
    ///
    /// Work that blocks its thread for longer than the lease may run twice: use `spawn_blocking`. The work
    /// has no timeout of its own. However, the lease is only extended for the layer's
    /// [`handler_timeout`](crate::WebhookLayer::handler_timeout). Work that hangs in a spawned task therefore
    /// does not block every retry of the item.
    ///
    /// # Errors
    ///
    /// Returns the error of the work.
    ///
    /// # Panics
    ///
    /// Panics if the work panics.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while the work runs, the work is dropped and the item is released. If it is
    /// dropped while the item is being completed, the item is still completed. A client that disconnects, or
    /// a timeout, therefore leaves no claim behind.
    pub async fn run<T, E>(self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let Some(guard) = self.guard else { return work.await };
        let ended = {
            let mut work = pin!(work);
            match run(catch_unwind(|| work.as_mut()), Some(|| guard.heartbeat()), self.timeout).await {
                RunEnd::Returned(result) => Ok(result),
                RunEnd::Panicked(panic) => Err(panic),
                // The lease is not extended any more. A panic from here on drops the claim, which releases
                // it.
                RunEnd::TimedOut(_) => Ok(work.await),
            }
        };
        guard.settle(matches!(ended, Ok(Ok(_)))).await;
        ended.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Returns whether duplicates of the item are recognized. It is `false` for an empty id, without a
    /// store, and if the store failed and the layer [proceeded](crate::StoreFailure::Proceed).
    #[must_use]
    pub fn is_deduped(&self) -> bool {
        self.guard.is_some()
    }

    /// Returns the fencing token. It increases each time this item runs: reject writes with a lower token, so
    /// that a stalled earlier run cannot overwrite a later one. `None` if and only if
    /// [`is_deduped`](Self::is_deduped) is `false`.
    #[must_use]
    pub fn fencing_token(&self) -> Option<u64> {
        self.claim.as_ref().map(|claim| claim.fencing_token)
    }

    /// Returns a handle to the claim, for completing the claim outside of the layer. Take the handle before
    /// the item [runs](Self::run). `None` if and only if [`is_deduped`](Self::is_deduped) is `false`, also if the
    /// store failed and the layer [proceeded](crate::StoreFailure::Proceed).
    ///
    /// ```
    /// # use tower_webhook::{BoxError, Delivery, Item};
    /// # async fn on_message(delivery: &Delivery) -> Result<(), BoxError> {
    /// if let Item::Claimed(item) = delivery.claim_item("wamid.1").await? {
    ///     let handle = item.handle();
    ///     item.run(async {
    ///         println!("{handle:?}");
    ///         Ok::<(), BoxError>(())
    ///     })
    ///     .await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn handle(&self) -> Option<ClaimHandle> {
        self.claim.as_ref().map(|claim| claim.handle.clone())
    }
}

impl fmt::Debug for ItemClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemClaim")
            .field("is_deduped", &self.is_deduped())
            .field("fencing_token", &self.fencing_token())
            .finish_non_exhaustive()
    }
}
