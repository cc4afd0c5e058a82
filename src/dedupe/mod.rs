//! Deduplication of deliveries and their items: the key, and the claim on that key that a running request
//! holds.

mod background;
mod guard;
mod key;

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use http::request::Parts;

use self::key::body_id;
pub(crate) use self::{background::Background, guard::ClaimGuard};
use crate::{
    Delivery, Item, ItemClaim, Rejection, RejectionKind,
    delivery::{AcquiredItem, Claims},
    observe::{Registry, Settlement, StoreTimer, Telemetry, missing_scope},
    rejection::MissingScope,
    store::{AnyStore, Claim, ClaimHandle, Key, StoreError},
    task::BoxFuture,
    verify::{Endpoint, Find, Profile, RequestContext},
};

/// The policy for deliveries while the store fails, set with
/// [`on_store_failure`](crate::WebhookLayer::on_store_failure).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreFailure {
    /// Rejects the delivery with 503, so that the provider retries. The default for providers that retry or
    /// may retry.
    Reject,
    /// Runs the handler, and [`Delivery::is_deduped`] returns `false`: the delivery may run twice. The
    /// default for providers that never retry, such as GitHub, where a 503 would lose the event.
    Proceed,
}

impl StoreFailure {
    /// Returns the policy that loses no event.
    fn default_for(profile: &Profile) -> Self {
        match profile.retries() {
            Some(false) => Self::Proceed,
            Some(true) | None => Self::Reject,
        }
    }
}

pub(crate) type KeyOf = Arc<dyn Fn(&Parts, &Delivery) -> Option<Key> + Send + Sync>;

/// The layer's deduplication settings. Cloning copies a pointer; each delivery keeps a clone for its items.
#[derive(Clone)]
pub(crate) struct Dedupe(Arc<Settings>);

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) store: Option<AnyStore>,
    pub(crate) key_of: Option<KeyOf>,
    pub(crate) scope: Option<Arc<str>>,
    /// `true` if other endpoints may use the store. Keys then need a scope.
    pub(crate) needs_scope: bool,
    /// The lookup that finds the endpoints. It distinguishes the tenants.
    pub(crate) lookup: Option<Arc<dyn Find>>,
    pub(crate) replay_guard: bool,
    pub(crate) window: Option<Duration>,
    pub(crate) lease: Option<Duration>,
    /// The time limit of a handler, and of an item's heartbeat.
    pub(crate) handler_timeout: Duration,
    pub(crate) on_failure: Option<StoreFailure>,
    /// The background settlements, which the layer's drain waits for.
    pub(crate) background: Background,
    /// The metrics of the store.
    pub(crate) registry: Registry,
}

/// The outcome of claiming a delivery.
pub(crate) enum ClaimOutcome {
    /// The handler may run, under the claim of this guard, if it holds one.
    Run(Option<ClaimGuard>),
    /// The delivery was handled before.
    Duplicate,
}

impl Dedupe {
    const DEFAULT_LEASE: Duration = Duration::from_secs(30);
    const SHORTEST_LEASE: Duration = Duration::from_millis(30);
    const DEFAULT_HANDLER_TIMEOUT: Duration = Duration::from_secs(600);
    /// Longer than the retry period of most providers, such as WhatsApp's seven days. The profiles of
    /// providers with longer periods set their own window.
    const DEFAULT_WINDOW: Duration = Duration::from_secs(8 * 86_400);

    pub(crate) fn new(store: Option<AnyStore>, registry: Registry) -> Self {
        Self(Arc::new(Settings {
            store,
            key_of: None,
            scope: None,
            needs_scope: false,
            lookup: None,
            replay_guard: false,
            window: None,
            lease: None,
            handler_timeout: Self::DEFAULT_HANDLER_TIMEOUT,
            on_failure: None,
            background: Background::default(),
            registry,
        }))
    }

    /// Returns the delivery's key and its replay key.
    fn keys(&self, head: &Parts, delivery: &Delivery) -> Result<(Option<Key>, Option<Key>), MissingScope> {
        let key = match delivery.has_undecoded_content() {
            true => Some(self.key_of_encoded(delivery)?),
            false => self.key(head, delivery)?,
        };
        Ok((key, self.guarded_body_key(delivery)?))
    }

    /// Claims `delivery`, and sets its key and its fencing token.
    pub(crate) async fn claim(
        &self,
        head: &Parts,
        delivery: &mut Delivery,
        telemetry: &Telemetry,
    ) -> Result<ClaimOutcome, Rejection> {
        let Some(store) = &self.store else { return Ok(ClaimOutcome::Run(None)) };
        let (key, replay_key) = match self.keys(head, delivery)? {
            (Some(key), replay_key) => (key, replay_key),
            // An attacker can also remove an unsigned id; the body then identifies the delivery.
            (None, Some(replay_key)) => (replay_key, None),
            (None, None) if store.is_in_memory() => return Ok(ClaimOutcome::Run(None)),
            (None, None) => {
                let guard = self.guard(store, delivery, StoreTimer::of(telemetry));
                return Ok(ClaimOutcome::Run(guard.with_transaction(delivery)));
            }
        };
        let mut guard = self.guard(store, delivery, StoreTimer::of(telemetry));
        delivery.set_key(key.clone(), guard.owner());
        // Dropping a claim that is not used releases it.
        match claim(&mut guard, &key, replay_key.as_ref(), delivery).await {
            Ok(Claimed::Acquired { fencing }) => {
                if let Some(fencing) = fencing {
                    delivery.set_claimed(fencing);
                }
                Ok(ClaimOutcome::Run(guard.with_transaction(delivery)))
            }
            Ok(Claimed::Completed) => {
                // A replay under a new id: remember that id too.
                guard.settle(Settlement::Completed).await;
                Ok(ClaimOutcome::Duplicate)
            }
            Ok(Claimed::InProgress) => {
                guard.settle(Settlement::Released).await;
                Err(Rejection::new(RejectionKind::InProgress))
            }
            Err(error) => match self.on_failure(delivery) {
                StoreFailure::Reject => Err(Rejection::new(RejectionKind::StoreUnavailable).because(error)),
                // Dropping the guard releases a claim that the store may have made.
                StoreFailure::Proceed => {
                    for key in [Some(&key), replay_key.as_ref()].into_iter().flatten() {
                        if let Some(owner) = delivery.owner_above(key) {
                            delivery.set_shared(key, owner);
                        }
                    }
                    Ok(ClaimOutcome::Run(guard.unclaimed().with_transaction(delivery)))
                }
            },
        }
    }

    /// Returns the settings as the trait object that each delivery keeps.
    pub(crate) fn claims(&self) -> Arc<dyn Claims> {
        Arc::clone(&self.0) as _
    }
}

impl Settings {
    /// Returns a guard without a claim, for `delivery` or one of its items.
    fn guard(&self, store: &AnyStore, delivery: &Delivery, timer: StoreTimer) -> ClaimGuard {
        let profile = delivery.verifier().profile();
        let (lease, window) = (self.lease(profile), self.window(profile));
        ClaimGuard::new(store.clone(), timer, self.background.clone(), lease, window)
    }

    /// Returns the key of the body, if the replay guard is on and the delivery has no signed id.
    fn guarded_body_key(&self, delivery: &Delivery) -> Result<Option<Key>, MissingScope> {
        // The key has its own scope, so that no delivery id can produce it. It excludes the host, because a
        // replay can change the host.
        let has_signed_id = || delivery.id().is_some() && delivery.verifier().profile().id_signed();
        if !self.replay_guard || has_signed_id() {
            return Ok(None);
        }
        let part = match delivery.has_undecoded_content() {
            true => "#encoded-body",
            false => "#body",
        };
        self.key_within(delivery, part, &body_id(delivery)).map(Some)
    }

    /// Returns the key of an item, if it has an id and there is a store.
    fn deduped_item_key(&self, delivery: &Delivery, id: &str) -> Result<Option<Key>, MissingScope> {
        // In its own scope, because item and delivery ids may be equal.
        let deduped = self.store.is_some() && !id.is_empty();
        deduped.then(|| self.key_within(delivery, "#item", id)).transpose()
    }

    fn on_failure(&self, delivery: &Delivery) -> StoreFailure {
        self.on_failure.unwrap_or_else(|| StoreFailure::default_for(delivery.verifier().profile()))
    }
}

impl Claims for Settings {
    fn receiver(&self, request: &RequestContext<'_>, endpoint: &Endpoint) -> Option<u64> {
        self.digest_of_receiver(request, endpoint)
    }

    fn lease(&self, profile: &Profile) -> Duration {
        self.lease.or(profile.lease()).unwrap_or(Dedupe::DEFAULT_LEASE).max(Dedupe::SHORTEST_LEASE)
    }

    fn window(&self, profile: &Profile) -> Duration {
        self.window.or(profile.dedupe_window()).unwrap_or(Dedupe::DEFAULT_WINDOW)
    }

    fn replay_key(&self, delivery: &Delivery) -> Option<Key> {
        self.guarded_body_key(delivery).ok().flatten()
    }

    fn item_key(&self, delivery: &Delivery, id: &str) -> Option<Key> {
        self.deduped_item_key(delivery, id).ok().flatten()
    }

    fn claim_item<'a>(
        &'a self,
        delivery: &'a Delivery,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Item, StoreError>> {
        Box::pin(async move {
            let claimed = |guard| Ok(Item::Claimed(ItemClaim::new(guard, self.handler_timeout)));
            // A missing scope is not a store failure, so `on_failure` does not apply.
            let key = self.deduped_item_key(delivery, id).map_err(|missing| {
                missing_scope(&missing);
                StoreError::new(missing)
            })?;
            let (Some(store), Some(key)) = (&self.store, key) else { return claimed(None) };
            let mut guard =
                self.guard(store, delivery, StoreTimer::alone(&self.registry, delivery.provider()));
            guard.belongs_to(delivery);
            // If the call fails, dropping the guard releases a claim that the store may have made.
            match guard.claim(&key).await {
                Ok(Claim::Acquired { fencing_token }) => {
                    let window = self.window(delivery.verifier().profile());
                    let handle = ClaimHandle::new(key, guard.owner(), window);
                    claimed(Some((Box::new(guard), AcquiredItem { fencing_token, handle })))
                }
                Ok(Claim::Completed) => Ok(Item::Duplicate),
                Ok(Claim::InProgress) => Ok(Item::InProgress),
                Err(error) => match self.on_failure(delivery) {
                    StoreFailure::Reject => Err(error),
                    StoreFailure::Proceed => Ok(Item::Claimed(ItemClaim::unclaimed())),
                },
            }
        })
    }
}

impl Deref for Dedupe {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.0
    }
}

impl DerefMut for Dedupe {
    fn deref_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.0)
    }
}

/// The result of claiming a key. An outer layer may already hold the claim.
#[derive(Clone, Copy)]
enum Claimed {
    /// This request holds the claim. `fencing` is `None` if the store failed when an outer layer made the
    /// claim, and that layer proceeded without a confirmed claim.
    Acquired {
        fencing: Option<u64>,
    },
    Completed,
    InProgress,
}

/// Claims the id and then the body; the request runs only if both are claimed.
#[allow(clippy::manual_async_fn, reason = "an async fn stores its arguments twice")]
fn claim(
    guard: &mut ClaimGuard,
    key: &Key,
    replay_key: Option<&Key>,
    delivery: &Delivery,
) -> impl Future<Output = Result<Claimed, StoreError>> {
    async move {
        let claimed = claim_or_share(guard, key, delivery).await?;
        match replay_key {
            Some(replay_key) if matches!(claimed, Claimed::Acquired { .. }) => {
                match claim_or_share(guard, replay_key, delivery).await? {
                    Claimed::Acquired { .. } => Ok(claimed),
                    refused => Ok(refused),
                }
            }
            _ => Ok(claimed),
        }
    }
}

#[allow(clippy::manual_async_fn, reason = "an async fn stores its arguments twice")]
fn claim_or_share(
    guard: &mut ClaimGuard,
    key: &Key,
    delivery: &Delivery,
) -> impl Future<Output = Result<Claimed, StoreError>> {
    async move {
        match guard.claim(key).await? {
            Claim::Acquired { fencing_token } => Ok(Claimed::Acquired { fencing: Some(fencing_token) }),
            Claim::Completed => Ok(Claimed::Completed),
            // Boxed, because most deliveries have no outer layer.
            Claim::InProgress if delivery.is_nested() => Box::pin(share(guard, key, delivery)).await,
            Claim::InProgress => Ok(Claimed::InProgress),
        }
    }
}

/// Checks whether the claim in progress belongs to an outer layer for the same request. Without this check,
/// if a router and one of its routes have the same layer, the inner layer would reject every delivery as in
/// progress. Only the store knows the owner of a claim, so the check extends the claim with the outer layer's
/// token.
async fn share(guard: &ClaimGuard, key: &Key, delivery: &Delivery) -> Result<Claimed, StoreError> {
    for above in delivery.claims_above(key) {
        if guard.extend(key, &above.owner.token, above.lease).await? {
            delivery.set_shared(key, above.owner);
            return Ok(Claimed::Acquired { fencing: above.fencing });
        }
    }
    Ok(Claimed::InProgress)
}

impl fmt::Debug for Dedupe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedupe")
            .field("store", &self.store.is_some())
            .field("scope", &self.scope)
            .field("replay_guard", &self.replay_guard)
            .field("window", &self.window)
            .field("lease", &self.lease)
            .field("handler_timeout", &self.handler_timeout)
            .field("on_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}
