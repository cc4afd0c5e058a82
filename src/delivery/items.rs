use std::{fmt, panic::resume_unwind, pin::pin, time::Duration};

use super::Delivery;
use crate::{
    store::{Key, StoreError},
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
    fencing: Option<u64>,
    timeout: Duration,
}

/// The items of a batch.
impl Delivery {
    /// Claims an item of this delivery, so that it is handled once, whichever deliveries bring it.
    ///
    /// For bodies that carry many things, each with an id of its own (Meta's `messages`, SendGrid's
    /// and Event Grid's events): the next attempt may bring them in another batch, and one of them
    /// that fails must not have the others run again. An item is claimed in the layer's store, under
    /// its lease, window, scope and [`StoreFailure`](crate::StoreFailure), as the delivery itself is; neither claim
    /// depends on the other, so it also works for deliveries that have no id. Each item takes the
    /// room of a delivery in the store: mind [`MokaStore`](crate::store::MokaStore)'s capacity.
    ///
    /// `id` is whatever tells the item from all others of this endpoint. Where things of several
    /// kinds are numbered alike, or one id comes up again for each change, make it of both parts:
    /// `format!("{id}/{status}")`.
    ///
    /// An item without an id (an empty one) is not deduped, and nor is any
    /// [without a store](crate::WebhookLayer::without_dedupe): it is the caller's each time, with
    /// [`is_deduped`](ItemClaim::is_deduped) being `false`.
    ///
    /// # Errors
    ///
    /// If the endpoint has no [scope](crate::WebhookLayer::scope) and its verifier sets no fingerprint, on a store that
    /// other endpoints may use.
    ///
    /// If the store fails, or does not answer within a second, and the layer
    /// [rejects](crate::StoreFailure::Reject) deliveries then, as it does by default where the provider retries.
    /// Answer 503 at once, so that the delivery comes again: the next item would have to wait for the
    /// store just as long. If the layer [proceeds](crate::StoreFailure::Proceed), the item is the caller's, not
    /// deduped.
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, it releases what may have been claimed.
    ///
    /// # Example
    ///
    /// ```
    /// use http::StatusCode;
    /// use tower_webhook::{BoxError, Delivery, Event, Item};
    ///
    /// # #[derive(Clone, serde::Deserialize)] struct Batch { messages: Vec<Message> }
    /// # #[derive(Clone, serde::Deserialize)] struct Message { id: String, text: String }
    /// async fn on_batch(delivery: Delivery, batch: Event<Batch>) -> StatusCode {
    ///     let mut all_done = true;
    ///     for message in &batch.messages {
    ///         all_done &= match delivery.claim_item(&message.id).await {
    ///             Ok(Item::Claimed(item)) => item.run(handle(message)).await.is_ok(),
    ///             Ok(Item::Duplicate) => true,
    ///             Ok(Item::InProgress) => false,
    ///             Err(_) => return StatusCode::SERVICE_UNAVAILABLE,
    ///         };
    ///     }
    ///     // When the batch comes again, what is done is skipped.
    ///     if all_done { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    /// }
    ///
    /// async fn handle(message: &Message) -> Result<(), BoxError> {
    ///     // …
    /// #   if message.text.is_empty() { return Err("there is nothing in it".into()) }
    ///     Ok(())
    /// }
    /// # use http::{Request, Response};
    /// # use http_body_util::Full;
    /// # use tower::{ServiceBuilder, ServiceExt};
    /// # use tower_webhook::{Body, WebhookLayer, verify::{Verified, from_fn}};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let service = ServiceBuilder::new()
    /// #     .layer(WebhookLayer::with_verifier(from_fn(|_, _| Ok(Verified::new()))).json::<Batch>())
    /// #     .service_fn(async |mut request: Request<Body>| {
    /// #         let delivery = request.extensions_mut().remove().ok_or("no delivery")?;
    /// #         let batch = request.extensions_mut().remove().ok_or("no batch")?;
    /// #         let mut response = Response::new(Full::<bytes::Bytes>::default());
    /// #         *response.status_mut() = on_batch(delivery, batch).await;
    /// #         Ok::<_, BoxError>(response)
    /// #     });
    /// # for (body, status) in [
    /// #     (r#"{"messages":[{"id":"1","text":"hello"},{"id":"2","text":""}]}"#, 503),
    /// #     (r#"{"messages":[{"id":"1","text":""},{"id":"2","text":"hello"}]}"#, 200),
    /// # ] {
    /// #     let answer = service.clone().oneshot(Request::new(Full::<bytes::Bytes>::from(body))).await?;
    /// #     assert_eq!(answer.status(), status);
    /// # }
    /// # Ok(())
    /// # }
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
    pub(crate) fn new(claimed: Option<(Box<dyn ItemGuard>, u64)>, timeout: Duration) -> Self {
        let (guard, fencing) = claimed.unzip();
        Self { guard, fencing, timeout }
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
        self.fencing
    }
}

impl fmt::Debug for ItemClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemClaim")
            .field("is_deduped", &self.is_deduped())
            .field("fencing_token", &self.fencing)
            .finish_non_exhaustive()
    }
}
