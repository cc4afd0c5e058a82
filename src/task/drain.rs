//! Handlers in tasks of their own, which go on when the request that they answer is gone: [`Drain`],
//! to wait for them before the process ends.
//!
//! ```
//! use std::time::Duration;
//! use tower_webhook::{Secret, WebhookLayer};
//!
//! # async fn serve(_: WebhookLayer) {}
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), tower_webhook::BoxError> {
//! let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let layer = WebhookLayer::new(secret).ack_deadline(Duration::from_secs(8));
//! let drain = layer.drain();
//! serve(layer).await; // until its graceful shutdown has ended
//! if tokio::time::timeout(Duration::from_secs(30), drain.finished()).await.is_err() {
//!     eprintln!("{} handlers were cut short", drain.running());
//! }
//! # Ok(()) }
//! ```

use std::{fmt, sync::Arc};

use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

/// Waits for what goes on when its request is gone: handlers that run in tasks of their own, and claims
/// that are settled in the background because the store failed.
///
/// A layer has one for all its services ([`WebhookLayer::drain`](crate::WebhookLayer::drain)), and several layers can
/// share one ([`WebhookLayer::drain_with`](crate::WebhookLayer::drain_with)). Clones are the same.
#[derive(Clone, Default)]
pub struct Drain(Tasks);

impl Drain {
    /// Creates a drain with nothing to wait for yet.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let drain = tower_webhook::Drain::new();
    /// assert_eq!(drain.running(), 0);
    /// drain.finished().await; // at once
    /// # }
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.0
    }

    /// Returns the number of handlers and settlements that are running.
    #[must_use]
    pub fn running(&self) -> usize {
        *self.0.0.borrow()
    }

    /// Waits until there are none: each handler has come to its end, and its claim is settled, or its
    /// lease is over. At once, if there are none.
    ///
    /// While the store fails, a layer keeps at most 1,024 releases and 16,384 completions to try again.
    ///
    /// Stop the server first, so that no new ones begin. What is still running when the runtime
    /// goes is dropped, and its claims are released, or, in a store that has to be waited for, end with
    /// their leases.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time, and called again.
    pub async fn finished(&self) {
        // The sender is here, so that it does not end before there are none.
        let _ = self.0.0.subscribe().wait_for(|running| *running == 0).await;
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("running", &self.running()).finish()
    }
}

/// How many tasks are running.
#[derive(Clone, Debug)]
pub(crate) struct Tasks(Arc<watch::Sender<usize>>);

impl Default for Tasks {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Tasks {
    /// Runs `future` in a task of its own, in the caller's tracing span.
    pub(crate) fn spawn<F>(&self, runtime: &Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let running = TaskCount::begin(self);
        let task = async move {
            let _running = running;
            future.await
        };
        #[cfg(feature = "tracing")]
        let task = {
            use tracing::instrument::{Instrument, WithSubscriber};
            task.in_current_span().with_current_subscriber()
        };
        runtime.spawn(task)
    }
}

/// One of them, which is no longer running when it is dropped, however it ended.
struct TaskCount(Tasks);

impl TaskCount {
    fn begin(tasks: &Tasks) -> Self {
        tasks.0.send_modify(|running| *running += 1);
        Self(tasks.clone())
    }
}

impl Drop for TaskCount {
    fn drop(&mut self) {
        self.0.0.send_modify(|running| *running -= 1);
    }
}
