use std::{fmt, panic::resume_unwind, pin::pin, time::Duration};

use super::Delivery;
use crate::{
    store::{ClaimHandle, Key, StoreError},
    task::{BoxFuture, RunEnd, catch_unwind, run},
    verify::{Profile, RequestContext},
};

/// The layer's deduplication, as a delivery sees it: a trait, so that deliveries do not depend on the module that
/// deduplicates them.
///
/// A delivery keeps it for its items, which may be claimed when the request and the layer are gone.
pub(crate) trait Claims: Send + Sync {
    /// A digest of the endpoint that was called, where the provider signs with one secret for all endpoints of
    /// an account.
    fn receiver(&self, request: &RequestContext<'_>) -> Option<u64>;

    /// The lease of a claim on a delivery with this profile.
    fn lease(&self, profile: &Profile) -> Duration;

    /// The deduplication window of a delivery with this profile.
    fn window(&self, profile: &Profile) -> Duration;

    /// The key of the delivery's body, where replays are guarded against and the signature does not
    /// cover the id.
    fn replay_key(&self, delivery: &Delivery) -> Option<Key>;

    /// The key of an item; `None` without a store, or without an id.
    fn item_key(&self, delivery: &Delivery, id: &str) -> Option<Key>;

    /// Claims an item.
    fn claim_item<'a>(
        &'a self,
        delivery: &'a Delivery,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Item, StoreError>>;
}

/// The guard of an item's claim, which releases it when dropped.
pub(crate) trait ItemGuard: Send + Sync {
    /// Extends the lease, again and again, while it is polled.
    fn heartbeat(&self) -> BoxFuture<'_, ()>;

    /// Completes the claim if the item was handled, and releases it otherwise.
    fn settle(self: Box<Self>, handled: bool) -> BoxFuture<'static, ()>;
}

/// What may be done with an item of a delivery: the answer of [`Delivery::claim_item`].
#[derive(Debug)]
#[must_use]
#[allow(clippy::exhaustive_enums, reason = "a handler that overlooks an answer may lose the item")]
pub enum Item {
    /// It is the caller's: [run](ItemClaim::run) its work.
    Claimed(ItemClaim),
    /// It was handled before, within the dedupe window. There is nothing to do.
    Duplicate,
    /// It is being handled now, and how that ends is not known yet. Let the whole delivery come
    /// again, with a 503: a 2xx would lose the item if that run fails.
    InProgress,
}

/// The claim on one item of a delivery.
///
/// Its lease begins when it is claimed and is extended only while its work [runs](Self::run): claim
/// an item when its turn has come, not all of a batch beforehand. Dropped, it is released.
#[must_use = "dropped, it is released"]
pub struct ItemClaim {
    guard: Option<Box<dyn ItemGuard>>,
    claim: Option<AcquiredItem>,
    timeout: Duration,
}

/// What is known of an item's claim.
pub(crate) struct AcquiredItem {
    pub(crate) fencing_token: u64,
    pub(crate) handle: ClaimHandle,
}

/// The items of a batch.
impl Delivery {
    /// Claims an item of a batch, so that it is handled once, whichever deliveries contain it.
    ///
    /// [`for_each`](Self::for_each) does this for all items of a batch. Claim items yourself to handle them in
    /// another order or concurrently, or to use their [fencing tokens](ItemClaim::fencing_token) or
    /// [handles](ItemClaim::handle).
    ///
    /// An item is claimed in the layer's store, under its lease, window, scope and
    /// [`StoreFailure`](crate::StoreFailure), as the delivery is. The two claims are independent, so this also works
    /// for deliveries without an id. Each item occupies one entry of the store: mind the capacity of
    /// [`MokaStore`](crate::store::MokaStore).
    ///
    /// `id` identifies the item among all items of this endpoint. Where items of several kinds share ids, or an id
    /// occurs once for each change, combine both parts: `format!("{id}/{status}")`.
    ///
    /// An item with an empty id is not deduped, and neither is any item
    /// [without a store](crate::WebhookLayer::without_dedupe): each call claims it, and
    /// [`is_deduped`](ItemClaim::is_deduped) is `false`.
    ///
    /// # Errors
    ///
    /// If the endpoint has no [scope](crate::WebhookLayer::scope) and its verifier sets no fingerprint, on a store that
    /// other endpoints may use.
    ///
    /// If the store fails, or does not answer within a second, and the layer
    /// [rejects](crate::StoreFailure::Reject) deliveries then, as it does by default where the provider retries.
    /// Answer 503, so that the provider sends the delivery again. If the layer
    /// [proceeds](crate::StoreFailure::Proceed), the item is claimed but not deduped.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, it releases what may have been claimed.
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

    /// The key that the item of this id is remembered by, for
    /// [`Store::forget`](crate::store::Store::forget). `None`: it is not deduped, for want of an id
    /// or of a store.
    ///
    /// No delivery has such a key: items are in a scope of their own.
    #[must_use]
    pub fn item_key(&self, id: &str) -> Option<Key> {
        self.claims().item_key(self, id)
    }
}

impl ItemClaim {
    pub(crate) fn new(claimed: Option<(Box<dyn ItemGuard>, AcquiredItem)>, timeout: Duration) -> Self {
        let (guard, claim) = claimed.unzip();
        Self { guard, claim, timeout }
    }

    /// Runs the item's work and extends the lease beside it, every third of it. After an `Ok` the
    /// item is remembered as handled; after an `Err`, or a panic, which goes on unwinding, it is
    /// released, so that the next delivery that brings it runs it again.
    ///
    /// What the work answers is passed on, also if the store fails afterwards: settling is then
    /// tried again in the background while the lease lives.
    ///
    /// As a handler does, work that blocks its thread for longer than the lease may run twice: use
    /// `spawn_blocking`. It is not stopped, but the lease is extended for no longer than the layer's
    /// [`handler_timeout`](crate::WebhookLayer::handler_timeout): work that hangs, in a task which
    /// outlives the request, must not keep the item from ever being handled.
    ///
    /// # Errors
    ///
    /// The work's own.
    ///
    /// # Panics
    ///
    /// If the work does.
    ///
    /// # Cancel safety
    ///
    /// Dropped while the work runs, it drops the work and releases the item; dropped while the item
    /// is being completed, it completes it. So a client that hangs up, or a time-out around it,
    /// leaves nothing claimed.
    pub async fn run<T, E>(self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let Some(guard) = self.guard else { return work.await };
        let ended = {
            let mut work = pin!(work);
            match run(catch_unwind(|| work.as_mut()), Some(|| guard.heartbeat()), self.timeout).await {
                RunEnd::Returned(result) => Ok(result),
                RunEnd::Panicked(panic) => Err(panic),
                // No longer extended. A panic from here on drops what is held, which releases it.
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

    /// Returns the fencing token. It increases each time this item runs: reject writes with a lower token,
    /// so that a stalled earlier run cannot overwrite a later one. `None` exactly where
    /// [`is_deduped`](Self::is_deduped) is `false`.
    #[must_use]
    pub fn fencing_token(&self) -> Option<u64> {
        self.claim.as_ref().map(|claim| claim.fencing_token)
    }

    /// Returns a handle of the claim, for stores that complete it themselves. Take it before the item
    /// [runs](Self::run). `None` exactly where [`is_deduped`](Self::is_deduped) is `false`.
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
