use std::{
    collections::VecDeque,
    fmt,
    future::pending,
    iter,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::store::{AnyStore, Claim, Key, Store, StoreError, Token};

/// A store before another, which goes wrong when a test tells it to, and counts what it is asked.
///
/// It shows what a service does when its store does not answer: what
/// [`on_store_failure`](crate::WebhookLayer::on_store_failure) says is done, and no delivery is lost.
/// Clones share everything: keep one, and give the other to the layer.
///
/// ```
/// # use http::{Request, StatusCode};
/// # use tower_webhook::{Body, BoxError, Secret, provider};
/// # use tower::{Layer, ServiceExt, service_fn};
/// use tower_webhook::{WebhookLayer, store::MokaStore, testing::{self, Fault, FaultyStore, Operation}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let secret: Secret = "whsec_…".parse()?;
/// # let stripe = std::sync::Arc::new(provider::stripe(secret));
/// # let handler = service_fn(async |_: Request<Body>| Ok::<_, BoxError>(http::Response::new(())));
/// let store = FaultyStore::new(MokaStore::new(100));
/// let layer = WebhookLayer::with_verifier(stripe.clone()).dedupe(store.clone());
/// let service = layer.layer(handler);
///
/// let request = Request::post("/webhook").body(r#"{"id":"evt_1"}"#)?;
/// let delivery = testing::sign(&stripe, request)?.map(Body::from);
/// store.fail_next(Operation::Claim, 1, Fault::Error);
/// let refused = service.clone().oneshot(delivery).await?;
/// assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE); // so that Stripe retries
/// assert_eq!((store.calls(Operation::Claim), store.calls(Operation::Complete)), (1, 0));
/// # Ok(())
/// # }
/// ```
pub struct FaultyStore<S>(Arc<FaultyInner<S>>);

/// What a store is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`Store::claim`].
    Claim,
    /// [`Store::extend`].
    Extend,
    /// [`Store::complete`].
    Complete,
    /// [`Store::release`].
    Release,
    /// [`Store::forget`].
    Forget,
}

impl Operation {
    /// The two that settle a claim.
    pub const SETTLING: [Self; 2] = [Self::Complete, Self::Release];
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Claim, Self::Extend, Self::Complete, Self::Release, Self::Forget];
}

/// One alone, where several may be given.
impl IntoIterator for Operation {
    type Item = Self;
    type IntoIter = iter::Once<Self>;

    fn into_iter(self) -> Self::IntoIter {
        iter::once(self)
    }
}

/// How an operation goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// It is not done, and says that it failed.
    Error,
    /// It is done, and says that it failed: the answer was lost.
    LoseAnswer,
    /// It is not done, and never answers.
    Hang,
    /// It is done, and never answers.
    ActAndHang,
    /// It panics.
    Panic,
}

struct FaultyInner<S> {
    store: S,
    plans: Mutex<[FaultPlan; Operation::ALL.len()]>,
}

/// What is to become of an operation.
#[derive(Clone, Debug, Default)]
struct FaultPlan {
    calls: usize,
    /// Of its next calls, one after another.
    next: VecDeque<Option<Fault>>,
    /// Of all that follow.
    always: Option<Fault>,
}

impl<S: Store> FaultyStore<S> {
    /// Before `store`, which does what it does until it is told otherwise.
    pub fn new(store: S) -> Self {
        Self(Arc::new(FaultyInner { store, plans: Mutex::default() }))
    }

    /// From now on each of these operations goes wrong so, until [`heal`](Self::heal): one, or
    /// several such as [`Operation::SETTLING`].
    pub fn fail(&self, operations: impl IntoIterator<Item = Operation>, fault: Fault) {
        for operation in operations {
            self.plan(operation, |plan| plan.always = Some(fault));
        }
    }

    /// The next `times` calls of `operation` go wrong so, after those that are already told to.
    pub fn fail_next(&self, operation: Operation, times: usize, fault: Fault) {
        self.plan(operation, |plan| plan.next.extend(iter::repeat_n(Some(fault), times)));
    }

    /// The next `times` calls of `operation` go well, after those that are already told how to go:
    /// for the one that follows to be told otherwise.
    pub fn pass_next(&self, operation: Operation, times: usize) {
        self.plan(operation, |plan| plan.next.extend(iter::repeat_n(None, times)));
    }

    /// All goes well again. What hangs already goes on hanging.
    pub fn heal(&self) {
        for operation in Operation::ALL {
            self.plan(operation, |plan| (plan.always, plan.next) = Default::default());
        }
    }

    /// How often it was asked to, whatever became of it.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> usize {
        self.plan(operation, |plan| plan.calls)
    }

    /// The store behind it.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.0.store
    }

    fn plan<T>(&self, operation: Operation, change: impl FnOnce(&mut FaultPlan) -> T) -> T {
        let mut plans = self.0.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let [claim, extend, complete, release, forget] = &mut *plans;
        change(match operation {
            Operation::Claim => claim,
            Operation::Extend => extend,
            Operation::Complete => complete,
            Operation::Release => release,
            Operation::Forget => forget,
        })
    }

    #[allow(clippy::panic, reason = "the test told it to")]
    async fn call<T>(
        &self,
        operation: Operation,
        act: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = self.plan(operation, |plan| {
            plan.calls += 1;
            plan.next.pop_front().unwrap_or(plan.always)
        });
        match fault {
            None => act.await,
            Some(Fault::Error) => Err(StoreError::new("a test told it to fail")),
            Some(Fault::LoseAnswer) => {
                act.await?;
                Err(StoreError::new("a test told it to lose the answer"))
            }
            Some(Fault::Hang) => pending().await,
            Some(Fault::ActAndHang) => {
                act.await?;
                pending().await
            }
            Some(Fault::Panic) => panic!("the store panics, as a test told it to"),
        }
    }
}

impl<S: Store> From<FaultyStore<S>> for AnyStore {
    fn from(store: FaultyStore<S>) -> Self {
        Self::new(store)
    }
}

impl<S: Store> Store for FaultyStore<S> {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        self.call(Operation::Claim, self.0.store.claim(key, token, lease)).await
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.call(Operation::Extend, self.0.store.extend(key, token, lease)).await
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        self.call(Operation::Complete, self.0.store.complete(key, token, window)).await
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        self.call(Operation::Release, self.0.store.release(key, token)).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        self.call(Operation::Forget, self.0.store.forget(key)).await
    }

    /// It may hang, whatever the store behind it promises: the layer has to watch the time.
    fn answers_within(&self) -> Option<Duration> {
        None
    }
}

impl<S> Clone for FaultyStore<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: fmt::Debug> fmt::Debug for FaultyStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plans = self.0.plans.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("FaultyStore").field("store", &self.0.store).field("plans", &plans).finish()
    }
}
