//! The tests that stores on all servers share.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tower_webhook::store::PostgresStore;

use crate::{
    server::{ANY_STATEMENT, LOGGED, Server, until},
    store_server::StoreServer,
};

impl StoreServer for Server {
    type Store = PostgresStore;
    /// A connection that locks the table.
    type Pause = PgConnection;

    async fn start() -> Self {
        Self::start_with(&[LOGGED]).await
    }

    fn url(&self) -> String {
        self.url()
    }

    async fn store(&self) -> PostgresStore {
        self.store().await
    }

    async fn other_store(&self) -> PostgresStore {
        let store = self.store().await.table("other");
        store.migrate().await.unwrap();
        store
    }

    async fn clear(&self) {
        self.run("TRUNCATE webhook_deliveries").await;
    }

    async fn advance(&self, time: Duration) {
        self.advance(time).await;
    }

    async fn calls(&self) -> usize {
        self.statements(ANY_STATEMENT)
    }

    async fn pause(&self) -> PgConnection {
        self.begin("LOCK TABLE webhook_deliveries").await
    }

    async fn resume(&self, pause: PgConnection) {
        pause.close().await.unwrap();
    }

    async fn until_a_call_waits(&self) {
        const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        until("a statement waits", async || self.get::<i64>(WAITING).await > 0).await;
    }

    fn kill(&mut self) {
        self.kill();
    }

    async fn restart(&mut self) {
        self.restart().await;
    }

    fn suspend(&self) {
        self.signal_all("STOP");
    }

    fn wake(&self) {
        self.signal_all("CONT");
    }
}

every_store_server_must!(Server);
