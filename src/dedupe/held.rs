use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Waker},
    time::Duration,
};

use tokio::{runtime::Handle, time::sleep};

use crate::{
    detached::Tasks,
    observe::{Operation, Settlement, Watch},
    store::{Claim, Key, SharedStore, StoreError, Token},
    time::{Elapsed, caught, within},
};

/// How long any answer of the store's is waited for.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long to wait before a settlement that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// The claim that a running request holds; it never leaves its key stuck.
///
/// Dropped before it is settled, it settles by itself as is then intended: release, until
/// [`settle`](Self::settle) was told otherwise.
pub(crate) struct Held {
    /// In a box: it is carried through every await of the pipeline, whose own box it would fill.
    settling: Box<Settling>,
    /// Captured while there is one: spawning outside a runtime panics, and in an unwind that aborts.
    runtime: Option<Handle>,
    tasks: Tasks,
}

impl Held {
    /// Nothing held yet.
    pub(crate) fn new(
        store: SharedStore,
        watch: Watch,
        tasks: Tasks,
        lease: Duration,
        window: Duration,
    ) -> Self {
        Self {
            settling: Box::new(Settling {
                store,
                watch,
                token: Token::mint(),
                keys: Keys::default(),
                intent: Settlement::Released,
                window,
                lease,
            }),
            runtime: Handle::try_current().ok(),
            tasks,
        }
    }

    /// Whether no claim is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.settling.keys.is_empty()
    }

    /// Claims `key` too.
    pub(crate) async fn claim(&mut self, key: Key) -> Result<Claim, StoreError> {
        let Settling { store, watch, token, keys, lease, .. } = &mut *self.settling;
        // It counts as held before it is: a claim whose answer is lost, or not waited for, may
        // have been made, and is then released with the token.
        keys.push(key.clone());
        let asked = watch.asks();
        let claim = answer(within(patience(store, 1), caught(|| store.claim(&key, token, *lease))).await);
        watch.answered(Operation::Claim, asked, &claim);
        let claim = claim?;
        if !matches!(claim, Claim::Acquired { .. }) {
            keys.pop();
        }
        Ok(claim)
    }

    /// Extends the lease, every third of it, for as long as it is polled.
    pub(crate) async fn keep_alive(&self) {
        let Settling { store, watch, token, keys, lease, .. } = &*self.settling;
        loop {
            Box::pin(sleep(*lease / 3)).await;
            for key in keys.iter() {
                let asked = watch.asks();
                let extending = caught(|| store.extend(key, token, *lease));
                let extended = answer(within(patience(store, 1), extending).await);
                watch.answered(Operation::Extend, asked, &extended);
                // A failure, a panic included, leaves two thirds of the lease to try again; a lost claim
                // stays lost, and whatever the handler does, settling will change nothing.
                if let Ok(false) = extended {
                    return;
                }
            }
        }
    }

    /// Settles all that is held. What the store does not take now is tried again in the background.
    pub(crate) async fn settle(&mut self, intent: Settlement) -> Settlement {
        if self.is_empty() {
            return intent;
        }
        self.settling.intent = intent;
        match self.settling.once().await {
            Ok(settlement) => {
                self.settling.keys.clear();
                self.settling.watch.settled(settlement);
                settlement
            }
            // Dropping it hands it to the background.
            Err(_) => Settlement::Pending,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_empty() {
            return;
        }
        let settling = self.settling.go_on();
        let (runtime, tasks) = (self.runtime.take(), &self.tasks);
        // A store's panic must not meet the one that may be unwinding.
        let _ = catch_unwind(AssertUnwindSafe(move || {
            let mut retrying: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(settling.until_done());
            let _entered = runtime.as_ref().map(Handle::enter);
            // In memory this settles it, even where the runtime is gone. With neither, the lease ends it.
            let settled = retrying.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if let (false, Some(runtime)) = (settled.is_ready(), &runtime) {
                tasks.spawn(runtime, retrying);
            }
        }));
    }
}

/// The id's key, and the body's where it is claimed as well: no list, which would be allocated.
#[derive(Default)]
struct Keys([Option<Key>; 2]);

impl Keys {
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

/// For how long so many answers of the store's are waited for; `None` where the store itself sees to it
/// that they come in time, and a second watch would be a timer for nothing.
fn patience(store: &SharedStore, answers: usize) -> Option<Duration> {
    let answers = u32::try_from(answers).unwrap_or(u32::MAX);
    let sees_to_it = |limit: Duration| limit.saturating_mul(answers) <= STORE_TIMEOUT;
    (!store.answers_within().is_some_and(sees_to_it)).then_some(STORE_TIMEOUT)
}

/// A settlement to be made.
struct Settling {
    store: SharedStore,
    watch: Watch,
    token: Token,
    keys: Keys,
    intent: Settlement,
    window: Duration,
    lease: Duration,
}

impl Settling {
    /// What is left to do when nobody waits for it any more.
    fn go_on(&mut self) -> Self {
        Self {
            store: self.store.clone(),
            watch: self.watch.in_background(),
            token: self.token,
            keys: mem::take(&mut self.keys),
            intent: self.intent,
            window: self.window,
            lease: self.lease,
        }
    }

    /// Tries to settle, once.
    async fn once(&self) -> Result<Settlement, StoreError> {
        let operation = match self.intent {
            Settlement::Completed => Operation::Complete,
            _ => Operation::Release,
        };
        let asked = self.watch.asks();
        let settled =
            answer(within(patience(&self.store, self.keys.iter().count()), caught(|| self.each())).await);
        self.watch.answered(operation, asked, &settled);
        settled
    }

    async fn each(&self) -> Result<Settlement, StoreError> {
        let mut mine = true;
        for key in self.keys.iter() {
            mine &= match self.intent {
                Settlement::Completed => self.store.complete(key, &self.token, self.window).await?,
                _ => self.store.release(key, &self.token).await?,
            };
        }
        Ok(if mine { self.intent } else { Settlement::Lost })
    }

    /// Settles, again and again if the store fails, while the lease may still live.
    async fn until_done(self) {
        let tries = async {
            loop {
                match self.once().await {
                    Ok(settlement) => break settlement,
                    Err(_) => sleep(RETRY_AFTER).await,
                }
                self.watch.settles_again();
            }
        };
        match within(self.lease, tries).await {
            // One that is released may never have been made: what was lost was its answer.
            Ok(Settlement::Lost) if self.intent == Settlement::Released => {}
            Ok(settlement) => self.watch.settled(settlement),
            Err(_) => self.watch.settles_no_more(self.intent),
        }
    }
}

type Panic = Box<dyn Any + Send>;

/// The store's answer. A panic is a failure like any other, and so is no answer in time.
fn answer<T>(asked: Result<Result<Result<T, StoreError>, Panic>, Elapsed>) -> Result<T, StoreError> {
    match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => Err(StoreError::new("store panicked")),
        Err(elapsed) => Err(StoreError::new(elapsed)),
    }
}
