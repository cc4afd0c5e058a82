//! The connections of the store.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{runtime::Handle, sync::Semaphore};

use super::CONNECT_TIMEOUT;
use crate::task::timeout;

/// A pool of the store's own, with the settings of the application's pool.
///
/// sqlx 0.8.4 to 0.9.0 leaves a transaction open if the future of `begin` is dropped, for instance because the client
/// disconnects. The next statements on that connection are then part of that transaction, and may be rolled back with
/// it. Therefore the store must not share the connections of the handlers.
pub(super) struct Connections {
    application: PgPool,
    /// Created by the first call, because a pool spawns a task.
    own: OnceLock<PgPool>,
    options: Mutex<Arc<PgConnectOptions>>,
    /// The permit of the task that connects in the background.
    connector: Arc<Semaphore>,
}

impl Connections {
    pub(super) fn new(application: PgPool) -> Self {
        let options = Mutex::new(application.connect_options());
        Self { application, own: OnceLock::new(), options, connector: Arc::new(Semaphore::new(1)) }
    }

    /// Takes a connection, or returns `PoolTimedOut` after [`CONNECT_TIMEOUT`].
    pub(super) async fn acquire(&self) -> Result<BusyConnection, sqlx::Error> {
        Ok(BusyConnection(Some(self.pool().acquire().await?)))
    }

    /// Takes a connection, or returns `PoolTimedOut` after `limit`.
    pub(super) async fn acquire_within(&self, limit: Duration) -> Result<BusyConnection, sqlx::Error> {
        let waiting = Waiting(Some(self));
        let acquired = timeout(limit, self.acquire()).await;
        if acquired.is_ok() {
            waiting.end();
        }
        acquired.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Opens a connection for the following calls, unless another task does.
    fn connect_in_background(&self) {
        let (Ok(permit), Ok(runtime)) =
            (Arc::clone(&self.connector).try_acquire_owned(), Handle::try_current())
        else {
            return;
        };
        let pool = self.pool().clone();
        runtime.spawn(async move {
            let _connection = pool.acquire().await;
            drop(permit);
        });
    }

    fn pool(&self) -> &PgPool {
        let mut last = self.options.lock().unwrap_or_else(PoisonError::into_inner);
        let options = self.application.connect_options();
        let own = self.own.get_or_init(|| {
            let settings = self.application.options().clone().acquire_timeout(CONNECT_TIMEOUT);
            // With a minimum, sqlx spawns a task when a connection is closed, also where no runtime is.
            let settings = settings.min_connections(0);
            // The store repeats a statement on a broken connection, so a test would only add a round trip.
            settings.test_before_acquire(false).connect_lazy_with((*options).clone())
        });
        if !Arc::ptr_eq(&last, &options) {
            own.set_connect_options((*options).clone());
            *last = options;
        }
        own
    }
}

/// A call that waits for a connection. If the call times out or is dropped, a task connects in its place.
///
/// Otherwise the call's own connection attempt would end with it. After an outage, connecting may take longer than a
/// call waits, and no call would ever get a connection.
struct Waiting<'a>(Option<&'a Connections>);

impl Waiting<'_> {
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(connections) = self.0 {
            connections.connect_in_background();
        }
    }
}

/// A connection that is closed when dropped, because the server may still be busy with its statement.
pub(super) struct BusyConnection(Option<PoolConnection<Postgres>>);

impl BusyConnection {
    pub(super) fn get(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Returns the connection to the pool.
    pub(super) fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for BusyConnection {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
