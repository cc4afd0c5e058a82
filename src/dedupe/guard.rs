use std::{
    any::Any,
    mem,
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use tokio::{runtime::Handle, time::sleep};

use super::background::{Background, Backoff};
use crate::{
    Delivery,
    delivery::ItemGuard,
    observe::{Settlement, StoreOperation, StoreTimer, uncommitted, unconfirmed},
    store::{
        AnyStore, Claim, ClaimOwner, Key, Release, Store as _, StoreError, Token, TransactionState,
        TransactionalStore,
    },
    task::{BoxFuture, Elapsed, catch_unwind, rarely, timeout},
};

/// The time limit for each call of the store.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

/// The guard of a claim, which ensures that the key does not stay claimed.
///
/// If a guard is dropped before its claim is settled, the guard settles the claim in the background. It
/// completes the claim if [`settle`](Self::settle) had begun to complete it. Otherwise it releases the claim.
pub(crate) struct ClaimGuard {
    /// Boxed, to keep the future of each request small.
    state: Box<ClaimState>,
    /// Captured early: spawning outside a runtime panics, and a panic during unwinding aborts.
    runtime: Option<Handle>,
    background: Background,
}

impl ClaimGuard {
    /// Creates a guard without a claim.
    pub(crate) fn new(
        store: AnyStore,
        timer: StoreTimer,
        background: Background,
        lease: Duration,
        window: Duration,
    ) -> Self {
        Self {
            state: Box::new(ClaimState {
                transaction: (!store.is_in_memory()).then(Arc::default),
                store,
                timer,
                token: Token::mint(),
                keys: ClaimKeys::default(),
                claimed: true,
                intent: Settlement::Released,
                store_failed: false,
                window,
                lease,
            }),
            runtime: Handle::try_current().ok(),
            background,
        }
    }

    /// Returns whether a claim is held.
    pub(crate) fn is_claimed(&self) -> bool {
        self.state.claimed && !self.state.keys.is_empty()
    }

    /// Returns whether there is nothing to settle.
    fn is_empty(&self) -> bool {
        !self.is_claimed() && (self.state.keys.is_empty() || self.state.transactional_store().is_none())
    }

    /// Returns the owner of the claims.
    pub(crate) fn owner(&self) -> ClaimOwner {
        ClaimOwner { token: self.state.token, transaction: self.state.transaction.clone() }
    }

    /// Makes this the guard of an item of `delivery`.
    pub(crate) fn belongs_to(&mut self, delivery: &Delivery) {
        if let Some(transaction) = &mut self.state.transaction {
            *transaction = Arc::new(TransactionState::of_item(delivery.transaction()));
        }
    }

    /// Returns a guard of the same keys without a claim, for a handler that runs although the store failed. It
    /// settles nothing, unless a transaction of the handler completes the delivery.
    pub(crate) fn unclaimed(&self) -> Self {
        let ClaimState { store, timer, token, keys, transaction, window, lease, .. } = &*self.state;
        Self {
            state: Box::new(ClaimState {
                store: store.clone(),
                timer: timer.clone(),
                token: *token,
                keys: keys.clone(),
                claimed: false,
                transaction: transaction.clone(),
                intent: Settlement::Released,
                store_failed: false,
                window: *window,
                lease: *lease,
            }),
            runtime: self.runtime.clone(),
            background: self.background.clone(),
        }
    }

    /// Returns the guard if it is needed: it holds a claim, or a transaction may complete the delivery or one of
    /// its items.
    pub(crate) fn with_transaction(self, delivery: &Delivery) -> Option<Self> {
        if let Some(transaction) = &self.state.transaction {
            delivery.set_transaction(Arc::clone(transaction));
        }
        (self.is_claimed() || self.state.transaction.is_some()).then_some(self)
    }

    /// Returns whether a transaction that completes the delivery or one of its items was not committed.
    pub(crate) fn is_uncommitted(&self) -> bool {
        self.state.transaction.as_ref().is_some_and(|transaction| transaction.is_uncommitted())
    }

    /// Claims another key.
    pub(crate) async fn claim(&mut self, key: &Key) -> Result<Claim, StoreError> {
        let ClaimState { store, timer, token, keys, lease, store_failed, .. } = &mut *self.state;
        // Added before the answer arrives: a claim whose answer is lost may still have been made, and must be
        // released.
        keys.push(key.clone());
        let (limit, started) = (store_timeout(store.answers_within(), 1, STORE_TIMEOUT), timer.start());
        let claim = flatten(timeout(limit, catch_unwind(|| store.claim(key, token, *lease))).await);
        timer.stop(StoreOperation::Claim, started, &claim);
        *store_failed = claim.is_err();
        let claim = claim?;
        if !matches!(claim, Claim::Acquired { .. }) {
            keys.pop();
        }
        Ok(claim)
    }

    /// Extends the claim on `key` that another guard may hold with `token`.
    pub(crate) async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        let ClaimState { store, timer, .. } = &*self.state;
        extend(store, timer, key, token, lease, STORE_TIMEOUT).await
    }

    /// Extends the lease each time a third of it has passed, for as long as the future is polled.
    pub(crate) fn heartbeat(&self) -> BoxFuture<'_, ()> {
        let ClaimState { store, timer, token, keys, lease, .. } = &*self.state;
        let third = *lease / 3;
        // Bounded, so that a slow answer cannot delay the next extension, even with a short lease.
        let limit = STORE_TIMEOUT.min(third);
        Box::pin(async move {
            let mut beat = Box::pin(sleep(third));
            loop {
                beat.as_mut().await;
                beat = Box::pin(sleep(third));
                // The request does not wait for this call.
                let timer = timer.in_background();
                let mut lost = true;
                for key in keys.iter() {
                    let extended = extend(store, &timer, key, token, *lease, limit).await;
                    // After a failure, including a panic, two thirds of the lease remain to retry.
                    lost &= matches!(extended, Ok(false));
                }
                // Stop only if all claims are lost, because one remaining claim still holds back retries.
                // Settling the lost claims has no effect.
                if lost {
                    return;
                }
            }
        })
    }

    /// Settles the claims. If the store fails, the guard retries in the background. Returns `None` if there is no
    /// claim.
    ///
    /// If a transaction completes the claim, the result is [`Settlement::Completed`] if and only if the transaction
    /// was committed, whatever the intent.
    pub(crate) async fn settle(&mut self, intent: Settlement) -> Option<Settlement> {
        if self.is_empty() {
            return None;
        }
        self.state.intent = match self.is_uncommitted() {
            // The handler does not know that an item was lost.
            true => Settlement::Released,
            false => intent,
        };
        let settlement = match self.state.try_settle().await {
            Ok(settlement) => {
                self.state.keys.clear();
                self.state.timer.settled(settlement);
                settlement
            }
            // The guard retries when it is dropped.
            Err(_) => {
                self.state.store_failed = true;
                Settlement::Pending
            }
        };
        self.check_commit(intent, settlement);
        Some(settlement)
    }

    /// Records it if a transaction completes the claim, but was not committed, or may not have been.
    fn check_commit(&mut self, intent: Settlement, settlement: Settlement) {
        let transaction = self.state.transaction.as_ref().filter(|transaction| transaction.store().is_some());
        let Some(transaction) = transaction else { return };
        if settlement == Settlement::Completed {
            return;
        }
        // If the store has failed, the background settlement is a release, whose loss is not an error.
        self.state.intent = Settlement::Released;
        // The handler knows of an item that failed.
        if intent == Settlement::Completed && !transaction.is_uncommitted() {
            transaction.set_uncommitted();
            match settlement {
                // The store failed, so the transaction may have been committed.
                Settlement::Pending => unconfirmed(),
                _ => uncommitted(),
            }
        }
    }
}

impl ItemGuard for ClaimGuard {
    fn heartbeat(&self) -> BoxFuture<'_, ()> {
        ClaimGuard::heartbeat(self)
    }

    fn settle(mut self: Box<Self>, handled: bool) -> BoxFuture<'static, ()> {
        let intent = if handled { Settlement::Completed } else { Settlement::Released };
        Box::pin(async move {
            ClaimGuard::settle(&mut self, intent).await;
        })
    }
}

impl Drop for ClaimGuard {
    fn drop(&mut self) {
        if self.is_empty() {
            return;
        }
        let (mut state, runtime, background) =
            (self.state.take(), self.runtime.take(), self.background.clone());
        // Without a runtime there are no later attempts, so the first one must not wait.
        state.store_failed &= runtime.is_some();
        // A panic of the store during unwinding would abort.
        let _ = panic::catch_unwind(AssertUnwindSafe(move || {
            let tasks = background.tasks().clone();
            let mut retrying: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(state.retry(background));
            let _entered = runtime.as_ref().map(Handle::enter);
            // Polled once, so that a store in memory settles even without a runtime. With any other store and
            // no runtime, the claim ends with its lease.
            let settled = retrying.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if let (false, Some(runtime)) = (settled.is_ready(), &runtime) {
                tasks.spawn(runtime, retrying);
            }
        }));
    }
}

/// The keys of the id and of the body. An array, because a list would allocate.
#[derive(Clone, Default)]
struct ClaimKeys([Option<Key>; 2]);

impl ClaimKeys {
    fn push(&mut self, key: Key) {
        let [id, body] = &mut self.0;
        *if id.is_none() { id } else { body } = Some(key);
    }

    fn pop(&mut self) {
        let [id, body] = &mut self.0;
        if body.take().is_none() {
            *id = None;
        }
    }

    fn clear(&mut self) {
        self.0 = [None, None];
    }

    fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().flatten()
    }
}

/// Returns the time limit for this number of calls of a store. `None` if the store itself guarantees to
/// answer within `limit`, which makes a timer unnecessary.
fn store_timeout(answers_within: Option<Duration>, answers: usize, limit: Duration) -> Option<Duration> {
    let answers = u32::try_from(answers).unwrap_or(u32::MAX);
    let promised = |within: Duration| within.saturating_mul(answers) <= limit;
    (!answers_within.is_some_and(promised)).then_some(limit)
}

/// A claim and its intended settlement.
struct ClaimState {
    store: AnyStore,
    timer: StoreTimer,
    token: Token,
    keys: ClaimKeys,
    /// `false` for the keys of a delivery that runs without a claim.
    claimed: bool,
    /// `None` for a store in memory.
    transaction: Option<Arc<TransactionState>>,
    intent: Settlement,
    /// `true` if the last call of the store failed.
    store_failed: bool,
    window: Duration,
    lease: Duration,
}

impl ClaimState {
    /// Takes the claim to settle it in the background.
    fn take(&mut self) -> Self {
        Self {
            store: self.store.clone(),
            timer: self.timer.in_background(),
            token: self.token,
            keys: mem::take(&mut self.keys),
            claimed: self.claimed,
            transaction: self.transaction.take(),
            intent: self.intent,
            store_failed: self.store_failed,
            window: self.window,
            lease: self.lease,
        }
    }

    /// Returns the store if a transaction completes the claim.
    fn transactional_store(&self) -> Option<Arc<dyn TransactionalStore>> {
        self.transaction.as_ref()?.store()
    }

    /// Tries to settle once.
    async fn try_settle(&self) -> Result<Settlement, StoreError> {
        let operation = match self.intent {
            Settlement::Completed => StoreOperation::Complete,
            _ => StoreOperation::Release,
        };
        let transactional = self.transactional_store();
        let answers_within = match &transactional {
            Some(store) => Some(store.answers_within()),
            None => self.store.answers_within(),
        };
        let limit = store_timeout(answers_within, self.keys.iter().count(), STORE_TIMEOUT);
        let started = self.timer.start();
        let settled = flatten(timeout(limit, catch_unwind(|| self.settle_each(transactional))).await);
        self.timer.stop(operation, started, &settled);
        settled
    }

    async fn settle_each(
        &self,
        transactional: Option<Arc<dyn TransactionalStore>>,
    ) -> Result<Settlement, StoreError> {
        if let Some(store) = transactional {
            return rarely(self.settle_after_transaction(store)).await;
        }
        let mut mine = true;
        for key in self.keys.iter() {
            mine &= match self.intent {
                Settlement::Completed => self.store.complete(key, &self.token, self.window).await?,
                _ => self.store.release(key, &self.token).await?,
            };
        }
        Ok(if mine { self.intent } else { Settlement::Lost })
    }

    /// Releases the claims, unless a transaction has completed them.
    async fn settle_after_transaction(
        &self,
        store: Arc<dyn TransactionalStore>,
    ) -> Result<Settlement, StoreError> {
        let (mut released, mut completed) = (true, true);
        for key in self.keys.iter() {
            let release = store.release_uncompleted(key, &self.token).await?;
            released &= release == Release::Released;
            completed &= release == Release::Completed;
        }
        Ok(match (completed, released) {
            (true, _) => Settlement::Completed,
            (false, true) => Settlement::Released,
            (false, false) => Settlement::Lost,
        })
    }

    /// Settles, and retries with a back-off if the store fails, until the lease may have expired.
    ///
    /// The lease is not extended meanwhile: if the store accepted an extension, it would accept the
    /// settlement.
    async fn retry(self, background: Background) {
        match timeout(self.lease, self.attempts(&background)).await {
            // No permit was available. `permit` has counted the settlement.
            Ok(None) => {}
            // A lost release is not reported. If the answer to the claim was lost, the claim may never have
            // been made.
            Ok(Some(Settlement::Lost)) if self.intent == Settlement::Released => {}
            Ok(Some(settlement)) => self.timer.settled(settlement),
            Err(_) => self.timer.abandoned(self.intent),
        }
    }

    async fn attempts(&self, background: &Background) -> Option<Settlement> {
        let mut backoff = Backoff::of(self.intent, self.lease);
        // Wait first if the store has just failed.
        let mut failed = self.store_failed;
        let mut permit = background.permit(self.intent, failed, &self.timer)?;
        loop {
            if failed {
                sleep(backoff.delay()).await;
                self.timer.retried();
            }
            match self.try_settle().await {
                Ok(settlement) => return Some(settlement),
                Err(_) if failed => {}
                Err(_) => {
                    failed = true;
                    drop(permit);
                    permit = background.permit(self.intent, failed, &self.timer)?;
                }
            }
        }
    }
}

async fn extend(
    store: &AnyStore,
    timer: &StoreTimer,
    key: &Key,
    token: &Token,
    lease: Duration,
    limit: Duration,
) -> Result<bool, StoreError> {
    let (limit, started) = (store_timeout(store.answers_within(), 1, limit), timer.start());
    let extended = flatten(timeout(limit, catch_unwind(|| store.extend(key, token, lease))).await);
    timer.stop(StoreOperation::Extend, started, &extended);
    extended
}

type Panic = Box<dyn Any + Send>;

/// Flattens a result of the store. A panic and a timeout count as store failures.
fn flatten<T>(answer: Result<Result<Result<T, StoreError>, Panic>, Elapsed>) -> Result<T, StoreError> {
    match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => Err(StoreError::new("store panicked")),
        Err(elapsed) => Err(StoreError::new(elapsed)),
    }
}
