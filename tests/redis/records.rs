//! The records in Redis and the names of their keys.

use std::{collections::HashMap, error::Error, time::Duration};

use tower_webhook::store::{Key, Store, Token};

use crate::{
    server::Server,
    store_server::{LEASE, acquire},
};

#[tokio::test]
async fn different_keys_and_prefixes_have_different_readable_names() {
    let server = Server::start().await;
    let names = [
        ("webhook", Key::new("github-orders", "72d3162e"), "webhook:github-orders:72d3162e"),
        ("webhook", Key::new("a:b", "c"), "webhook:a%3ab:c"),
        ("webhook", Key::new("a", "b:c"), "webhook:a:b%3ac"),
        ("webhook", Key::new("a", "b%3ac"), "webhook:a:b%253ac"),
        ("webhook:a", Key::new("b", "c"), "webhook:a:b:c"),
        ("webhook", Key::new("a", "\u{e4} {x}\n*"), "webhook:a:\u{e4}%20{x}%0a*"),
        ("webhook", Key::new("a", ""), "webhook:a:"),
        ("", Key::new("", ""), "::"),
        ("", Key::new("webhook", ":"), ":webhook:%3a"),
    ];
    for (prefix, key, name) in &names {
        let store = server.store().await.prefix(prefix);
        acquire(&store, key, &Token::mint()).await;
        assert!(server.run::<Vec<String>>("KEYS *").await.contains(&(*name).to_owned()), "{name}");
    }
    assert_eq!(server.run::<usize>("DBSIZE").await, names.len());
    let long = Key::new("a", &"x".repeat(100_000));
    acquire(&server.store().await, &long, &Token::mint()).await;
    let mut keys = server.run::<Vec<String>>("KEYS *").await;
    keys.retain(|key| key.starts_with("webhook:a:sha256-") && key.len() < 200);
    assert_eq!(keys.len(), 1);
}

#[tokio::test]
async fn a_record_is_a_hash_with_a_time_to_live() {
    let server = Server::start().await;
    let (store, key, token) = (server.store().await, Key::new("s", "1"), Token::mint());
    let fencing = acquire(&store, &key, &token).await.to_string();
    let record = server.run::<HashMap<String, String>>("HGETALL webhook:s:1").await;
    let expected = [("owner", &*token.to_string()), ("fencing", &fencing), ("running", "1"), ("todo", "1")];
    let expected: HashMap<_, _> =
        expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    assert_eq!(record, expected);
    assert!((29_000..=30_000).contains(&server.run::<u64>("PTTL webhook:s:1").await));
    assert!(store.complete(&key, &token, Duration::from_secs(8 * 86_400)).await.unwrap());
    let record = server.run::<HashMap<String, String>>("HGETALL webhook:s:1").await;
    assert_eq!((record.len(), &record["owner"]), (2, &token.to_string()));
    assert!(server.run::<u64>("TTL webhook:s:1").await > 8 * 86_400 - 60);
}

#[tokio::test]
async fn the_record_of_a_released_claim_expires_with_its_lease() {
    let server = Server::start().await;
    let (store, key, token) = (server.store().await, Key::new("s", "1"), Token::mint());
    acquire(&store, &key, &token).await;
    assert!(store.release(&key, &token).await.unwrap());
    assert!(!store.forget(&key).await.unwrap());
    server.advance(LEASE).await;
    assert_eq!(server.run::<usize>("DBSIZE").await, 0);
    assert!(!store.release(&key, &token).await.unwrap());
}

#[tokio::test]
async fn fencing_tokens_grow_across_an_expiry_a_flush_and_a_clock_set_back() {
    let server = Server::start().await;
    let (store, key) = (server.store().await, Key::new("s", "1"));
    let first = acquire(&store, &key, &Token::mint()).await;
    server.advance(LEASE).await;
    let second = acquire(&store, &key, &Token::mint()).await;
    assert!(second > first);
    server.run::<()>("FLUSHALL").await;
    let token = Token::mint();
    let third = acquire(&store, &key, &token).await;
    assert!(third > second);
    // A claim from a server whose clock was a month ahead.
    let ahead = third + 30 * 86_400 * 1_000_000;
    server.run::<()>(&format!("HSET webhook:s:1 fencing {ahead}")).await;
    assert!(store.release(&key, &token).await.unwrap());
    assert_eq!(acquire(&store, &key, &Token::mint()).await, ahead + 1);
}

#[tokio::test]
async fn a_foreign_value_under_the_same_name_is_an_error_and_left_unchanged() {
    let server = Server::start().await;
    let (store, key, token) = (server.store().await, Key::new("s", "1"), Token::mint());
    server.run::<()>("SET webhook:s:1 theirs").await;
    let error = store.claim(&key, &token, LEASE).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("WRONGTYPE"), "{error:?}");
    // A permanent error is not retried.
    let calls = server.calls().await;
    assert_eq!((calls.get("evalsha"), calls.get("eval")), (Some(&1), Some(&1)), "{calls:?}");
    store.release(&key, &token).await.unwrap_err();
    store.forget(&key).await.unwrap_err();
    assert_eq!(server.run::<String>("GET webhook:s:1").await, "theirs");
}

#[tokio::test]
async fn a_lease_or_window_is_at_most_a_hundred_years() {
    let server = Server::start().await;
    let (store, key, token) = (server.store().await, Key::new("s", "1"), Token::mint());
    let left = async || Duration::from_millis(server.run::<u64>("PTTL webhook:s:1").await);
    store.claim(&key, &token, Duration::MAX).await.unwrap();
    let lease = left().await;
    store.complete(&key, &token, Duration::MAX).await.unwrap();
    let year = Duration::from_secs(365 * 86_400);
    for time in [lease, left().await] {
        assert!(year * 99 < time && time <= year * 100, "{time:?}");
    }
}
