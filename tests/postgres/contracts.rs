//! The contract test on each kind of store in PostgreSQL.

use std::time::Duration;

use tower_webhook::{
    ManualClock,
    store::{self, AnyStore, CachedStore, Claim, Key, Store, Token},
};

use crate::server::{Server, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_fulfills_the_contract() {
    let server = Server::start().await;
    store::contract(server.store().await, async |time| server.advance(time).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_without_prepared_statements_fulfills_the_contract() {
    let server = Server::start().await;
    let store = server.store().await.without_prepared_statements();
    store::contract(store, async |time| server.advance(time).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_from_a_url_fulfills_the_contract() {
    let server = Server::start().await;
    let store = AnyStore::connect(&server.url()).await.unwrap();
    store::contract(store, async |time| server.advance(time).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cached_store_fulfills_the_contract() {
    let server = Server::start().await;
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = CachedStore::new(server.store().await, 1000).clock(clock.clone());
    let advance = async |time| {
        clock.advance(time);
        server.advance(time).await;
    };
    store::contract(store, advance).await;
}

/// Applications may set another default isolation level, for which the server reports conflicts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_serializable_server_fulfills_the_contract() {
    for level in ["repeatable read", "serializable"] {
        let setting = format!("default_transaction_isolation={level}");
        let server = Server::start_with(&[&setting]).await;
        store::contract(server.store().await, async |time| server.advance(time).await).await;
    }
}

#[tokio::test]
async fn leases_and_windows_expire_by_the_servers_clock() {
    let server = Server::start().await;
    let store = server.store().await;
    let (key, token, moment) = (Key::new("test", "1"), Token::mint(), Duration::from_millis(50));
    let acquired = async || {
        let claim = store.claim(&key, &token, moment).await.unwrap();
        matches!(claim, Claim::Acquired { .. })
    };
    assert!(matches!(store.claim(&key, &Token::mint(), moment).await.unwrap(), Claim::Acquired { .. }));
    until("the lease has expired", acquired).await;
    // On a busy machine, the lease may have expired again.
    while !store.complete(&key, &token, moment).await.unwrap() {
        assert!(acquired().await);
    }
    until("the window has expired", acquired).await;
}
