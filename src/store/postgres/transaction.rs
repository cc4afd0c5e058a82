//! Completing a claim in the transaction of the handler.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use sqlx::{Postgres, Row, Transaction};

use super::{
    Arguments, Changed, PostgresStore,
    failure::{LOCK_TIMEOUT, code},
};
use crate::{
    store::{ClaimHandle, Key, Release, StoreError, Token, TransactionalStore},
    task::BoxFuture,
};

impl PostgresStore {
    /// Completes the claim of a delivery or an item in the transaction of its effect. Either both are committed or
    /// neither, so the effect happens exactly once.
    ///
    /// `claim` is a `&Delivery` or, for an item of a batch, the `&ClaimHandle` from
    /// [`ItemClaim::handle`](crate::ItemClaim::handle). Call this method **first, directly after `begin`**. From then
    /// on the row is locked, and heartbeats skip it. At the isolation level `READ COMMITTED` the place does not
    /// matter. At a stricter level, a heartbeat between the first statement and this one is a
    /// [`Conflict`](CompleteError::Conflict).
    ///
    /// **Use `READ COMMITTED`**, the server's default, unless the effect needs a stricter level. At `SERIALIZABLE`,
    /// even unrelated deliveries may conflict, here or at the `commit`. The handler may then run the whole transaction
    /// again, including this method, or answer with 5xx.
    ///
    /// ```no_run
    /// use http::StatusCode;
    /// use tower_webhook::{BoxError, Delivery, store::{CompleteError, PostgresStore}};
    ///
    /// async fn on_payment(pool: &sqlx::PgPool, store: &PostgresStore, delivery: &Delivery) -> Result<StatusCode, BoxError> {
    ///     let mut transaction = pool.begin().await?;
    ///     match store.complete_in(&mut transaction, delivery).await {
    ///         Ok(_) => {}
    ///         // Dropping the transaction rolls it back.
    ///         Err(CompleteError::AlreadyCompleted) => return Ok(StatusCode::OK),
    ///         Err(error) => return Err(error.into()), // answered with 5xx, so that the provider retries
    ///     }
    ///     sqlx::query("UPDATE accounts SET balance = balance + 1").execute(&mut *transaction).await?;
    ///     transaction.commit().await?;
    ///     Ok(StatusCode::NO_CONTENT)
    /// }
    /// ```
    ///
    /// The layer does not complete the claim afterwards. It reads from this store, even if the layer has another store
    /// around it, whether the transaction was committed:
    ///
    /// | transaction | handler | delivery |
    /// |---|---|---|
    /// | committed | succeeds or fails | completed: a retry is a duplicate |
    /// | rolled back, or never committed | fails | released: a retry runs |
    /// | rolled back, or never committed | succeeds | released, and answered with 500. The outcome is `handler: failed`, and an `ERROR` names `commit` |
    ///
    /// If a transaction is still open when the handler has ended, the layer waits up to a second. Then it counts as
    /// not committed, as it does if the store fails. If it was committed nevertheless, the retry is a duplicate.
    ///
    /// Call this method once for each claim. A second call in the same transaction returns
    /// [`AlreadyCompleted`](CompleteError::AlreadyCompleted). A call in another transaction, while the first is open,
    /// returns [`Conflict`](CompleteError::Conflict) after a second.
    ///
    /// A delivery that runs without a claim, because the store failed and the layer
    /// [proceeded](crate::StoreFailure::Proceed), is completed as well. If another transaction does the same for the
    /// same delivery, this method waits up to a second for that transaction to end. If such a transaction is still open
    /// when the handler has ended, the layer does not wait, and it counts as not committed. An item without a claim
    /// is [not deduplicated](Completion::NotDeduped). With [`replay_guard`](crate::WebhookLayer::replay_guard), both
    /// keys are completed.
    ///
    /// # Errors
    ///
    /// See [`CompleteError`]. After any error, roll the transaction back.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, roll the transaction back.
    pub async fn complete_in(
        &self,
        transaction: &mut Transaction<'_, Postgres>,
        claim: &impl Completable,
    ) -> Result<Completion, CompleteError> {
        let (handle, is_claimed) = match claim.claim() {
            Some(claim) => claim,
            None => return Ok(Completion::NotDeduped),
        };
        let statement = match is_claimed {
            true => &self.statements.complete_in,
            false => &self.statements.insert_in,
        };
        for (key, owner) in handle.owners() {
            let state = owner.transaction.as_ref().ok_or(CompleteError::OtherStore)?;
            // Set first: if the answer is lost, and the caller commits regardless, the claim may be completed or not.
            state.set_store(Some(Arc::new(self.clone())));
            let arguments = Arguments::of(key).owner(&owner.token).time(handle.window());
            let query = arguments.bind(sqlx::query(statement)).persistent(self.is_prepared);
            let row = query.fetch_one(&mut **transaction).await;
            let answer = row.and_then(|row| row.try_get::<String, _>(0));
            let error = match &*answer.map_err(|error| self.complete_error(error))? {
                "done" => continue,
                // By this transaction, or by an earlier one of this handler. If that one is not committed, the layer
                // must not complete the claim.
                "completed by owner" => return Err(CompleteError::AlreadyCompleted),
                "completed" => CompleteError::AlreadyCompleted,
                "missing" => CompleteError::OtherStore,
                _ => CompleteError::ClaimLost,
            };
            state.set_store(None);
            return Err(error);
        }
        Ok(Completion::Completed)
    }

    fn complete_error(&self, error: sqlx::Error) -> CompleteError {
        match code(&error).as_deref() {
            Some("40001" | "40P01" | LOCK_TIMEOUT) => CompleteError::Conflict,
            _ => CompleteError::Database(self.failure(error)),
        }
    }
}

impl TransactionalStore for PostgresStore {
    fn release_uncompleted<'a>(
        &'a self,
        key: &'a Key,
        token: &'a Token,
    ) -> BoxFuture<'a, Result<Release, StoreError>> {
        Box::pin(async move {
            let arguments = Arguments::of(key).owner(token);
            Ok(match self.change(&self.statements.release, &arguments).await? {
                Changed::Done => Release::Released,
                Changed::Completed => Release::Completed,
                Changed::Lost | Changed::Locked => Release::Lost,
            })
        })
    }

    fn answers_within(&self) -> Duration {
        self.timeout
    }
}

/// A claim that [`PostgresStore::complete_in`] can complete: a [`Delivery`](crate::Delivery), or the
/// [`ClaimHandle`] of an item.
///
/// `Option<ClaimHandle>` is what [`ItemClaim::handle`](crate::ItemClaim::handle) returns; `None` is
/// [`NotDeduped`](Completion::NotDeduped).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a claim",
    note = "`complete_in` takes a `&Delivery`, or for an item of a batch the `&ClaimHandle` from `ItemClaim::handle`, \
            taken before the item runs"
)]
pub trait Completable: sealed::Sealed {}

impl Completable for ClaimHandle {}
impl Completable for Option<ClaimHandle> {}

#[allow(unnameable_types, reason = "sealed: nothing outside of this crate can implement or call it")]
pub(crate) mod sealed {
    use super::ClaimHandle;

    pub trait Sealed {
        /// Returns the claim, and whether the store has confirmed it.
        fn claim(&self) -> Option<(ClaimHandle, bool)>;
    }

    impl Sealed for ClaimHandle {
        fn claim(&self) -> Option<(ClaimHandle, bool)> {
            Some((self.clone(), true))
        }
    }

    impl Sealed for Option<ClaimHandle> {
        fn claim(&self) -> Option<(ClaimHandle, bool)> {
            self.as_ref().and_then(Sealed::claim)
        }
    }
}

/// The result of [`PostgresStore::complete_in`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Completion {
    /// The claim is completed when the transaction commits.
    Completed,
    /// There is no claim, so the effect happens at least once: a retry runs again. Nothing identifies the delivery or
    /// the item, or the layer has no store. Or it is an item that runs although the store failed
    /// ([`StoreFailure::Proceed`](crate::StoreFailure::Proceed)). To have the effect exactly once, return an error for
    /// an item whose id is not empty, so that the provider retries.
    NotDeduped,
}

/// The error of [`PostgresStore::complete_in`]. Roll the transaction back after any of them.
#[derive(Debug)]
#[non_exhaustive]
pub enum CompleteError {
    /// The lease has expired, and another run has begun. Answer with 5xx.
    ClaimLost,
    /// The delivery was handled before, or this transaction has already completed the claim. Answer with 200; if the
    /// transaction had completed the claim, the layer answers with 500 instead.
    AlreadyCompleted,
    /// The server could not serialize the transaction with another one (SQLSTATE 40001 or 40P01), or another
    /// transaction has locked the row for a second (55P03). Answer with 5xx: the retry runs again.
    Conflict,
    /// The claim is not in this store's table. The layer has another store, a table of another name, or a database
    /// that this one does not replicate. Or the lease expired, and the row was deleted. Answer with 5xx.
    OtherStore,
    /// The database failed. Answer with 5xx.
    Database(StoreError),
}

impl fmt::Display for CompleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClaimLost => "claim is lost: the lease expired, and another run has begun",
            Self::AlreadyCompleted => "claim is already completed",
            Self::Conflict => "transaction conflicts with another one",
            Self::OtherStore => "claim is not in the table of this store: the layer must have the same store",
            Self::Database(_) => "transaction could not complete the claim",
        })
    }
}

impl Error for CompleteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database(error) => error.source(),
            _ => None,
        }
    }
}
