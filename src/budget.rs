//! Limits for unverified clients: on the bytes that the layer buffers, and on the bodies that the layer
//! discards after it has rejected their requests.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Buf;
use http_body::{Body as HttpBody, Frame};
use tokio::{runtime::Handle, task::consume_budget};

use crate::{Rejection, RejectionKind, task::timeout};

/// The buffer budget: the bytes of bodies that the layer may buffer at once.
#[derive(Debug)]
pub(crate) struct BufferBudget {
    limit: usize,
    used: AtomicUsize,
}

impl BufferBudget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    pub(crate) fn charge(&self) -> Charge<'_> {
        Charge { budget: self, bytes: 0 }
    }
}

/// The share of one body in the [`BufferBudget`].
#[derive(Debug)]
pub(crate) struct Charge<'b> {
    budget: &'b BufferBudget,
    bytes: usize,
}

impl Charge<'_> {
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), Rejection> {
        self.bytes += bytes;
        // Relaxed, because the counter guards no other memory. If the budget is exceeded, `Charge::drop`
        // returns the bytes.
        let used = self.budget.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if used > self.budget.limit {
            return Err(Rejection::new(RejectionKind::OverBudget));
        }
        Ok(())
    }
}

impl Drop for Charge<'_> {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The number of bodies being discarded.
#[derive(Debug, Default)]
pub(crate) struct Discards(AtomicUsize);

impl Discards {
    const MOST_AT_ONCE: usize = 64;
    const MOST_BYTES: usize = 1024 * 1024;
    const LONGEST: Duration = Duration::from_secs(2);

    /// Discards the rest of `body` in a background task, within limits. Drops `body` unread if too many
    /// bodies are being discarded, or if there is no tokio runtime.
    pub(crate) fn start<B>(self: &Arc<Self>, mut body: Pin<Box<B>>)
    where
        B: HttpBody + Send + 'static,
        B::Data: Send,
    {
        let Ok(runtime) = Handle::try_current() else { return };
        let Some(slot) = DiscardSlot::take(self) else { return };
        runtime.spawn(async move {
            let mut left = Self::MOST_BYTES;
            let discarding = async {
                while let Some(length) = next_length(body.as_mut()).await
                    && let Some(rest) = left.checked_sub(length)
                {
                    left = rest;
                    consume_budget().await;
                }
            };
            let _ = timeout(Self::LONGEST, discarding).await;
            drop(slot);
        });
    }
}

/// Returns the length of the next frame; `None` at the end or after an error.
async fn next_length<B: HttpBody>(mut body: Pin<&mut B>) -> Option<usize> {
    let length = |frame: Frame<B::Data>| frame.data_ref().map_or(0, Buf::remaining);
    poll_fn(|cx| body.as_mut().poll_frame(cx).map(|frame| frame?.ok().map(length))).await
}

struct DiscardSlot(Arc<Discards>);

impl DiscardSlot {
    fn take(discards: &Arc<Discards>) -> Option<Self> {
        let slot = Self(Arc::clone(discards));
        (discards.0.fetch_add(1, Ordering::Relaxed) < Discards::MOST_AT_ONCE).then_some(slot)
    }
}

impl Drop for DiscardSlot {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
