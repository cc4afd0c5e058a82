use std::{
    collections::VecDeque,
    fmt,
    future::pending,
    iter,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::store::{AnyStore, Claim, Key, Store, StoreError, Token};

/// A store that wraps another, injects faults, and counts its calls.
///
/// Use it to test how an application behaves when its store fails. For example, check that the policy of
/// [`on_store_failure`](crate::WebhookLayer::on_store_failure) applies, and that no delivery is lost. Clones
/// share their state, so keep one in the test and pass another to the layer.
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

/// An operation of a store.
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
    /// The two operations that settle a claim.
    pub const SETTLING: [Self; 2] = [Self::Complete, Self::Release];
    /// All operations.
    pub const ALL: [Self; 5] = [Self::Claim, Self::Extend, Self::Complete, Self::Release, Self::Forget];
}

/// Iterates over the operation itself, so that [`FaultyStore::fail`] accepts one operation or several.
impl IntoIterator for Operation {
    type Item = Self;
    type IntoIter = iter::Once<Self>;

    fn into_iter(self) -> Self::IntoIter {
        iter::once(self)
    }
}

/// A fault that a [`FaultyStore`] injects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The operation is not performed, and returns an error.
    Error,
    /// The operation is performed, but returns an error, as if its response was lost.
    LoseAnswer,
    /// The operation is not performed, and never returns.
    Hang,
    /// The operation is performed, but never returns.
    ActAndHang,
    /// The operation is not performed, and panics.
    Panic,
}

struct FaultyInner<S> {
    store: S,
    plans: Mutex<[FaultPlan; Operation::ALL.len()]>,
}

/// The number of calls of an operation, and its planned faults.
#[derive(Clone, Debug, Default)]
struct FaultPlan {
    calls: usize,
    /// The faults of the next calls, in order.
    next: VecDeque<Option<Fault>>,
    /// The fault of all calls after those in `next`.
    always: Option<Fault>,
}

impl<S: Store> FaultyStore<S> {
    /// Wraps `store`, without faults.
    pub fn new(store: S) -> Self {
        Self(Arc::new(FaultyInner { store, plans: Mutex::default() }))
    }

    /// Makes all calls of `operations` fail with `fault` until [`heal`](Self::heal) is called. Calls that are
    /// planned with [`fail_next`](Self::fail_next) or [`pass_next`](Self::pass_next) come first. Accepts one
    /// operation or several, such as [`Operation::SETTLING`].
    pub fn fail(&self, operations: impl IntoIterator<Item = Operation>, fault: Fault) {
        for operation in operations {
            self.plan(operation, |plan| plan.always = Some(fault));
        }
    }

    /// Makes `times` calls of `operation` fail with `fault`, after the calls that are already planned.
    pub fn fail_next(&self, operation: Operation, times: usize, fault: Fault) {
        self.plan(operation, |plan| plan.next.extend(iter::repeat_n(Some(fault), times)));
    }

    /// Lets `times` calls of `operation` reach the store without a fault, after the calls that are already
    /// planned. Call [`fail_next`](Self::fail_next) afterwards to make a later call fail.
    pub fn pass_next(&self, operation: Operation, times: usize) {
        self.plan(operation, |plan| plan.next.extend(iter::repeat_n(None, times)));
    }

    /// Removes all planned faults. Calls that are already hanging do not return.
    pub fn heal(&self) {
        for operation in Operation::ALL {
            self.plan(operation, |plan| (plan.always, plan.next) = Default::default());
        }
    }

    /// Returns the number of calls of `operation`, including failed ones.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> usize {
        self.plan(operation, |plan| plan.calls)
    }

    /// Returns a reference to the wrapped store.
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

    #[allow(clippy::panic, reason = "injected by the test")]
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
            Some(Fault::Error) => Err(StoreError::new("injected failure")),
            Some(Fault::LoseAnswer) => {
                act.await?;
                Err(StoreError::new("injected loss of the response"))
            }
            Some(Fault::Hang) => pending().await,
            Some(Fault::ActAndHang) => {
                act.await?;
                pending().await
            }
            Some(Fault::Panic) => panic!("injected panic of the store"),
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

    /// Returns `None`, because a call with an injected fault can hang. The layer then uses its own timeout.
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
