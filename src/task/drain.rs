//! [`Drain`], which waits for background tasks, such as detached handlers, before the process exits.
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
//! serve(layer).await; // until its graceful shutdown is complete
//! if tokio::time::timeout(Duration::from_secs(30), drain.finished()).await.is_err() {
//!     eprintln!("{} handlers were interrupted", drain.running());
//! }
//! # Ok(()) }
//! ```

use std::{fmt, sync::Arc};

use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

/// A handle that waits for tasks that outlive their request: detached handlers, and claims that are settled
/// in the background, for example after a store failure or after the client disconnected.
///
/// All services of a layer share one drain ([`WebhookLayer::drain`](crate::WebhookLayer::drain)), and several
/// layers can share one drain ([`WebhookLayer::drain_with`](crate::WebhookLayer::drain_with)). Clones share
/// their state.
#[derive(Clone, Default)]
pub struct Drain(Tasks);

impl Drain {
    /// Creates a drain without any tasks.
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

    /// Waits until all detached handlers have ended, and until each settlement in the background is stored,
    /// or the lease of its claim has expired. Returns at once if there are no tasks.
    ///
    /// While the store fails, a layer repeats at most 1,024 releases and 16,384 completions. It drops any
    /// others, so this method does not wait for them; their claims end with their leases.
    ///
    /// Stop the server first, so that no new tasks begin. Tasks that are still running when the runtime shuts
    /// down are dropped. Their claims are released, or end with their leases if the store does not answer at
    /// once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the future may be dropped, and the method called again.
    pub async fn finished(&self) {
        // The sender lives in `self`, so `wait_for` cannot fail.
        let _ = self.0.0.subscribe().wait_for(|running| *running == 0).await;
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("running", &self.running()).finish()
    }
}

/// The number of running tasks.
#[derive(Clone, Debug)]
pub(crate) struct Tasks(Arc<watch::Sender<usize>>);

impl Default for Tasks {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Tasks {
    /// Spawns `future` in the caller's tracing span.
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

/// A guard that counts one running task until it is dropped.
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
