//! The tests that stores on all servers share.

use std::time::Duration;

use tower_webhook::store::RedisStore;

use crate::{
    server::{Server, until},
    store_server::StoreServer,
};

impl StoreServer for Server {
    type Store = RedisStore;
    type Pause = ();

    async fn start() -> Self {
        Self::start().await
    }

    async fn start_durable() -> Self {
        Self::start_with("--appendonly yes --appendfsync always").await
    }

    fn url(&self) -> String {
        self.url()
    }

    async fn store(&self) -> RedisStore {
        self.store().await
    }

    async fn other_store(&self) -> RedisStore {
        self.store().await.prefix("other")
    }

    async fn clear(&self) {
        self.run::<()>("FLUSHALL").await;
    }

    async fn advance(&self, time: Duration) {
        self.advance(time).await;
    }

    async fn calls(&self) -> usize {
        self.round_trips().await.try_into().unwrap()
    }

    async fn pause(&self) {
        self.run::<()>("CLIENT PAUSE 60000 WRITE").await;
    }

    async fn resume(&self, (): ()) {
        self.run::<()>("CLIENT UNPAUSE").await;
    }

    async fn until_a_call_waits(&self) {
        until("Redis has received the call", async || {
            self.responds("INFO clients", "blocked_clients:1").await
        })
        .await;
    }

    fn kill(&mut self) {
        self.kill();
    }

    async fn restart(&mut self) {
        self.restart().await;
    }

    fn suspend(&self) {
        self.signal("STOP");
    }

    fn wake(&self) {
        self.signal("CONT");
    }
}

every_store_server_must!(Server);
