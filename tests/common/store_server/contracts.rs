//! The contract test of stores, and the server's clock.

use std::time::Duration;

use tower_webhook::{
    ManualClock,
    store::{AnyStore, CachedStore, Claim, Key, Store, Token, contract},
};

use super::{LEASE, StoreServer};
use crate::{common::NOW, server::until};

pub async fn a_store_fulfills_the_contract<S: StoreServer>() {
    let server = S::start().await;
    contract(server.store().await, async |time| server.advance(time).await).await;
}

pub async fn a_store_from_a_url_fulfills_the_contract<S: StoreServer>() {
    let server = S::start().await;
    let store = AnyStore::connect(&server.url()).await.unwrap();
    contract(store, async |time| server.advance(time).await).await;
}

pub async fn a_cached_store_fulfills_the_contract<S: StoreServer>() {
    let server = S::start().await;
    let clock = ManualClock::at_unix(NOW);
    let store = CachedStore::new(server.store().await, 1000).clock(clock.clone());
    let advance = async |time| {
        clock.advance(time);
        server.advance(time).await;
    };
    contract(store, advance).await;
}

pub async fn leases_and_windows_expire_by_the_servers_clock<S: StoreServer>() {
    let server = S::start().await;
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

pub async fn leases_and_windows_may_have_any_length<S: StoreServer>() {
    let server = S::start().await;
    let store = server.store().await;
    for time in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX, Duration::from_millis(u64::MAX)] {
        let (key, token) = (Key::new("s", &format!("{time:?}")), Token::mint());
        assert!(matches!(store.claim(&key, &token, time).await.unwrap(), Claim::Acquired { .. }), "{time:?}");
        store.extend(&key, &token, time).await.unwrap();
        store.claim(&key, &token, LEASE).await.unwrap();
        assert!(store.complete(&key, &token, time).await.unwrap());
        // On Redis, this fails if a record has no time to live.
        server.advance(Duration::ZERO).await;
    }
    let longest = Key::new("s", &format!("{:?}", Duration::MAX));
    assert_eq!(store.claim(&longest, &Token::mint(), LEASE).await.unwrap(), Claim::Completed);
}
