//! Handling the items of a batch, each under its own claim.

use std::{any::Any, collections::HashSet, error::Error, fmt, pin::Pin};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::{
    BoxError, Delivery, Item, ItemClaim,
    observe::{item_failed, item_repeated, more_items_failed},
    task::catch_unwind,
};

/// The number of consecutive store failures after which the remaining items of a batch are not claimed.
const STORE_FAILURES: u32 = 3;
/// The maximum number of items of a batch whose errors are logged, because any number of items can fail.
const LOGGED_FAILURES: usize = 3;
const RETRY_AFTER_SECONDS: u16 = 5;

impl Delivery {
    /// Handles the items of a batch in order, each under its own claim, so that a retry of the batch runs
    /// only the items that have not succeeded.
    ///
    /// `key` returns a key that identifies an item among all items of this endpoint, across deliveries, and
    /// that is the same in each retry. If items of different kinds can have the same id, or if the same id
    /// occurs again with each change, add the kind or the change to the key: `format!("{id}/{status}")`.
    /// **Items with equal keys count as duplicates.** An item with an empty key is not deduplicated and runs
    /// in each retry.
    ///
    /// `handler` runs for each item that has not been handled before. If it returns an `Err`, the item is
    /// released and the next one runs. Return the outcome as the response: it is 200 if all items are done,
    /// and otherwise 503 with a `Retry-After`, so that the provider retries the batch.
    ///
    /// | if … | the item counts as | a retry |
    /// |---|---|---|
    /// | the handler returns `Ok` | [`completed`](ItemsOutcome::completed) | skips it |
    /// | the item has been handled before | [`duplicates`](ItemsOutcome::duplicates) | skips it |
    /// | the item is in progress for another delivery | [`in_progress`](ItemsOutcome::in_progress) | runs it unless the other run has succeeded |
    /// | the handler returns `Err` or panics | [`failed`](ItemsOutcome::failed) | runs it |
    /// | the item cannot be claimed because the store failed, and the layer [rejects](crate::StoreFailure::Reject) such deliveries | [`failed`](ItemsOutcome::failed) | runs it |
    ///
    /// If the store fails and the layer [proceeds](crate::StoreFailure::Proceed), the item runs without a
    /// claim. After three consecutive store failures, the remaining items are not claimed: they run without a
    /// claim if the layer proceeds, and fail otherwise. The first three errors and panics of the handler are
    /// logged at `WARN` (feature `tracing`), and so is the number of all other failed items. For a
    /// [`DecodeError`](crate::DecodeError) or an error of `serde_json`, only the field, if known, and the
    /// position are logged.
    ///
    /// Items use the lease, the window and the scope of the layer, and each occupies one entry of the store.
    /// The [`handler_timeout`](crate::WebhookLayer::handler_timeout) and the
    /// [`ack_deadline`](crate::WebhookLayer::ack_deadline) apply to the batch as a whole. To handle items
    /// concurrently or in another order, or to read an item's [fencing
    /// token](crate::ItemClaim::fencing_token), use [`claim_item`](Self::claim_item).
    ///
    /// # Panics
    ///
    /// Panics if `items` or `key` panics, before any item runs. Panics of `handler` are caught, so that the
    /// following items still run.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the handler of the current item is dropped, and the item is released. Items
    /// that have succeeded stay completed, and the retry skips them.
    ///
    /// # Example
    ///
    /// ```
    /// use http::Response;
    /// use tower_webhook::{BoxError, Delivery, Event, ItemsOutcome};
    ///
    /// # #[derive(serde::Deserialize)] struct Batch { messages: Vec<Message> }
    /// # #[derive(serde::Deserialize)] struct Message { id: String, text: String }
    /// // In axum, the outcome is a response. Elsewhere, use `outcome.to_response()`.
    /// async fn on_batch(delivery: Delivery, Event(batch): Event<Batch>) -> ItemsOutcome {
    ///     delivery.for_each(&batch.messages, |message| &message.id, on_message).await
    /// }
    ///
    /// async fn on_message(message: &Message) -> Result<(), BoxError> {
    ///     // …
    /// #   if message.text.is_empty() { return Err("text is empty".into()) }
    ///     Ok(())
    /// }
    /// # use http::Request;
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
    /// #         Ok::<_, BoxError>(on_batch(delivery, batch).await.to_response().map(Full::new))
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
    pub fn for_each<'a, I, K, E, Fut>(
        &'a self,
        items: I,
        mut key: impl FnMut(&I::Item) -> K,
        mut handler: impl FnMut(I::Item) -> Fut + Send + 'a,
    ) -> Pin<Box<dyn Future<Output = ItemsOutcome> + Send + 'a>>
    where
        I: IntoIterator<Item: Send + 'a>,
        K: AsRef<str>,
        E: Into<BoxError> + Send + 'a,
        Fut: Future<Output = Result<(), E>> + Send + 'a,
    {
        // Collected, so that the future neither contains nor names the iterator. Otherwise the compiler
        // rejects `items` that are a `flat_map` with closures ("`FnOnce` is not general enough").
        let items = items.into_iter().map(|item| (key(&item).as_ref().to_owned(), item)).collect::<Vec<_>>();
        Box::pin(async move {
            warn_of_equal_keys(&items);
            let (mut outcome, mut store_failures, mut proceeds) = (ItemsOutcome::default(), 0_u32, false);
            let (count, mut logged) = (items.len(), 0);
            for (key, item) in items {
                let claimed = match store_failures {
                    STORE_FAILURES.. if proceeds => Ok(Item::Claimed(ItemClaim::unclaimed())),
                    STORE_FAILURES.. => {
                        outcome.fail(
                            key,
                            "item was not claimed, because claiming the previous items failed".into(),
                        );
                        continue;
                    }
                    _ => self.claim_item(&key).await,
                };
                match &claimed {
                    Err(_) => store_failures += 1,
                    Ok(Item::Claimed(claim)) if claim.store_failed => {
                        store_failures = store_failures.saturating_add(1);
                        proceeds = true;
                    }
                    // The store was not called.
                    Ok(Item::Claimed(claim)) if !claim.is_deduped() => {}
                    Ok(_) => store_failures = 0,
                }
                match claimed {
                    Ok(Item::Claimed(claim)) => {
                        let handled = catch_unwind(|| claim.run(handler(item))).await;
                        match handled.map_err(panicked).and_then(|handled| handled.map_err(Into::into)) {
                            Ok(()) => outcome.completed += 1,
                            Err(error) => {
                                if logged < LOGGED_FAILURES {
                                    item_failed(&key, &*error);
                                    logged += 1;
                                }
                                outcome.fail(key, error);
                            }
                        }
                    }
                    Ok(Item::Duplicate) => outcome.duplicates += 1,
                    Ok(Item::InProgress) => outcome.in_progress += 1,
                    Err(error) => outcome.fail(key, error.into()),
                }
            }
            let failed = outcome.failed();
            if failed > logged {
                more_items_failed(failed - logged, failed, count);
            }
            outcome
        })
    }
}

/// Warns of items with equal keys, which count as duplicates. A provider has no reason to send an item twice
/// in a batch, so the items probably differ in a value that is not part of the key.
fn warn_of_equal_keys<T>(items: &[(String, T)]) {
    let mut keys = HashSet::with_capacity(items.len());
    let repeated = items.iter().find(|(key, _)| !key.is_empty() && !keys.insert(&**key));
    if let Some((key, _)) = repeated {
        item_repeated(key);
    }
}

/// Creates the error of a panic without its message, which the panic hook has printed.
fn panicked(_: Box<dyn Any + Send>) -> BoxError {
    "item handler panicked".into()
}

/// The outcome of a batch: the response to its delivery, and the results of its items.
///
/// With the feature `axum` it implements `IntoResponse`. Otherwise use [`to_response`](Self::to_response).
/// The default value has no items, and its status is 200.
///
/// ```
/// use tower_webhook::ItemsOutcome;
///
/// fn log(outcome: &ItemsOutcome) {
///     let (completed, duplicates) = (outcome.completed(), outcome.duplicates());
///     println!("{completed} completed, {duplicates} duplicates, {} in progress", outcome.in_progress());
///     for failure in outcome.failures() {
///         println!("item {} failed: {}", failure.key(), failure.error());
///     }
/// }
/// # log(&ItemsOutcome::default());
/// assert_eq!(ItemsOutcome::default().status(), 200);
/// ```
#[derive(Default)]
#[must_use = "respond with it, so that the provider retries the items that failed"]
pub struct ItemsOutcome {
    completed: usize,
    duplicates: usize,
    in_progress: usize,
    failures: Vec<ItemFailure>,
}

impl ItemsOutcome {
    fn fail(&mut self, key: String, error: BoxError) {
        self.failures.push(ItemFailure { key, error });
    }

    /// Returns 200 if all items are done, and otherwise 503. After a 503 the layer releases the delivery, so
    /// that a retry runs the items that are not done.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.in_progress + self.failed() {
            0 => StatusCode::OK,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns the number of items whose handler returned `Ok`.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.completed
    }

    /// Returns the number of items that were handled before, within the deduplication window.
    #[must_use]
    pub fn duplicates(&self) -> usize {
        self.duplicates
    }

    /// Returns the number of items in progress for another delivery.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.in_progress
    }

    /// Returns the number of items that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failures.len()
    }

    /// Returns the items that failed, in batch order.
    #[must_use]
    pub fn failures(&self) -> &[ItemFailure] {
        &self.failures
    }

    /// Returns the response: the [`status`](Self::status), and for a 503 a `Retry-After` of five seconds and
    /// the number of unfinished items. It contains neither keys nor errors.
    #[must_use]
    pub fn to_response(&self) -> Response<Bytes> {
        let mut response = Response::default();
        *response.status_mut() = self.status();
        if response.status() != StatusCode::OK {
            let open = self.in_progress + self.failed();
            let all = open + self.completed + self.duplicates;
            *response.body_mut() = format!("{open} of {all} items are not done").into();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for ItemsOutcome {
    fn into_response(self) -> axum_core::response::Response {
        self.to_response().map(axum_core::body::Body::from)
    }
}

/// Omits the errors, which may contain payload data.
impl fmt::Debug for ItemsOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemsOutcome")
            .field("completed", &self.completed)
            .field("duplicates", &self.duplicates)
            .field("in_progress", &self.in_progress)
            .field("failed", &self.failures.iter().map(ItemFailure::key).collect::<Vec<_>>())
            .finish()
    }
}

/// An item of a batch that failed.
pub struct ItemFailure {
    key: String,
    error: BoxError,
}

impl ItemFailure {
    /// Returns the item's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the error because of which the item failed:
    ///
    /// * the handler's error;
    /// * a [`StoreError`](crate::store::StoreError), if the item could not be claimed;
    /// * an error with a fixed message, if the handler panicked, or if the item was not claimed because
    ///   claiming the previous items failed.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.error
    }
}

/// Omits the error, which may contain payload data.
impl fmt::Debug for ItemFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemFailure").field("key", &self.key).finish_non_exhaustive()
    }
}
