use std::{
    mem,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::Outcome;

/// A recorder of outcomes, for assertions in tests.
///
/// The layer may report an outcome shortly after it sent the response. Call [`next`](Self::next) or
/// [`wait_for`](Self::wait_for) instead of sleeping. Clones share the recorded outcomes.
///
/// ```
/// # use http::Request;
/// # use tower_webhook::{Body, BoxError, Secret, WebhookLayer, provider};
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_webhook::{OutcomeKind, RejectionKind, testing::Outcomes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let secret: Secret = "It's a Secret to Everybody".parse()?;
/// # let handler = service_fn(async |_: Request<Body>| Ok::<_, BoxError>(http::Response::new(())));
/// let outcomes = Outcomes::new();
/// let layer = WebhookLayer::with_verifier(provider::github(secret)).on_outcome(outcomes.listener());
///
/// let unsigned = Request::post("/webhook").body(Body::empty())?;
/// layer.layer(handler).oneshot(unsigned).await?;
///
/// let outcome = outcomes.next().await;
/// assert_eq!(outcome.kind(), OutcomeKind::Rejected);
/// assert_eq!(outcome.rejection().map(|why| why.kind()), Some(RejectionKind::MissingSignature));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Outcomes(Arc<Recorded>);

#[derive(Debug, Default)]
struct Recorded {
    outcomes: Mutex<Vec<Outcome>>,
    notify: Notify,
}

impl Outcomes {
    /// Creates an empty recorder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a function to pass to [`on_outcome`](crate::WebhookLayer::on_outcome) of one or more layers.
    pub fn listener(&self) -> impl Fn(&Outcome) + Send + Sync + use<> {
        let recorded = Arc::clone(&self.0);
        move |outcome| {
            recorded.outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome.clone());
            recorded.notify.notify_waiters();
        }
    }

    /// Waits until at least `count` outcomes are recorded, and returns all of them in the order in which the
    /// requests ended. Does not remove them.
    ///
    /// This method can wait forever. Wrap it in a [`timeout`], so that the test fails instead.
    ///
    /// [`timeout`]: https://docs.rs/tokio/latest/tokio/time/fn.timeout.html
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: no outcome is lost.
    pub async fn wait_for(&self, count: usize) -> Vec<Outcome> {
        self.until(|outcomes| (outcomes.len() >= count).then(|| outcomes.clone())).await
    }

    /// Waits for an outcome, and removes and returns the oldest one.
    ///
    /// This method can wait forever, like [`wait_for`](Self::wait_for).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: a dropped future has not removed an outcome.
    pub async fn next(&self) -> Outcome {
        self.until(|outcomes| (!outcomes.is_empty()).then(|| outcomes.remove(0))).await
    }

    /// Returns the latest outcome, if any, without removing it.
    #[must_use]
    pub fn last(&self) -> Option<Outcome> {
        self.locked().last().cloned()
    }

    /// Removes and returns all recorded outcomes.
    #[must_use]
    pub fn take(&self) -> Vec<Outcome> {
        mem::take(&mut self.locked())
    }

    /// Returns the number of recorded outcomes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.locked().len()
    }

    /// Returns `true` if no outcome is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.locked().is_empty()
    }

    async fn until<T>(&self, mut found: impl FnMut(&mut Vec<Outcome>) -> Option<T>) -> T {
        loop {
            let mut notified = pin!(self.0.notify.notified());
            // Enable before the check, so that a notification between the check and the `await` is not
            // missed.
            notified.as_mut().enable();
            if let Some(found) = found(&mut self.locked()) {
                return found;
            }
            notified.await;
        }
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Outcome>> {
        self.0.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
