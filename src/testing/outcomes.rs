use std::{
    mem,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::Outcome;

/// Records how requests ended, so that a test can wait for it and assert on it.
///
/// An outcome is told when the request has ended, and so may be told shortly after its answer was
/// sent: [`wait_for`](Self::wait_for) it rather than for time to pass. Clones share what they record.
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
    told: Notify,
}

impl Outcomes {
    /// A recorder with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What to give to [`on_outcome`](crate::WebhookLayer::on_outcome), of one layer or several.
    pub fn listener(&self) -> impl Fn(&Outcome) + Send + Sync + use<> {
        let recorded = Arc::clone(&self.0);
        move |outcome| {
            recorded.outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome.clone());
            recorded.told.notify_waiters();
        }
    }

    /// Waits until there are `count` outcomes, and returns all that there are, in the order in which
    /// the requests ended. They stay recorded.
    ///
    /// It waits for as long as it takes; put it in a [`timeout`](tokio::time::timeout) if a test had
    /// better fail.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time, and nothing is lost.
    pub async fn wait_for(&self, count: usize) -> Vec<Outcome> {
        self.until(|outcomes| (outcomes.len() >= count).then(|| outcomes.clone())).await
    }

    /// Waits for the first outcome that was not taken yet, and takes it.
    ///
    /// It waits as [`wait_for`](Self::wait_for) does.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any time, and has then taken none.
    pub async fn next(&self) -> Outcome {
        self.until(|outcomes| (!outcomes.is_empty()).then(|| outcomes.remove(0))).await
    }

    /// The newest outcome, if there is one. It stays recorded.
    #[must_use]
    pub fn last(&self) -> Option<Outcome> {
        self.locked().last().cloned()
    }

    /// Takes all outcomes, so that there are none.
    #[must_use]
    pub fn take(&self) -> Vec<Outcome> {
        mem::take(&mut self.locked())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.locked().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.locked().is_empty()
    }

    async fn until<T>(&self, mut found: impl FnMut(&mut Vec<Outcome>) -> Option<T>) -> T {
        loop {
            let mut told = pin!(self.0.told.notified());
            // Before looking, or what is told in between would be missed.
            told.as_mut().enable();
            if let Some(found) = found(&mut self.locked()) {
                return found;
            }
            told.await;
        }
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Outcome>> {
        self.0.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
