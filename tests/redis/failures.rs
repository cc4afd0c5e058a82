//! Failures of Redis: a server that is down, slow, full, unreachable, or no longer the master.

use std::{error::Error, time::Duration};

use http::StatusCode;
use tower_webhook::store::{AnyStore, Claim, Key, RedisStore, Store, StoreError, Token};

use crate::{
    common::soon,
    proxy::Proxy,
    server::{Server, until},
    store_server::{
        LEASE,
        replica::{Replica, layer, signed},
    },
};

/// The permissions that a store with the prefix `shop` needs.
const PERMISSIONS: &str = "+evalsha +eval +hmget +hset +hdel +del +pexpire +time ~shop:*";

#[tokio::test]
async fn a_paused_server_gets_a_few_releases_for_each_rejected_delivery() {
    const DELIVERIES: u64 = 50;
    let server = Server::start().await;
    let layer = layer(server.store().await);
    let mut replica = Replica::new(layer.clone());
    replica.handle("msg_1").await;
    server.run::<()>("CONFIG RESETSTAT").await;
    server.run::<()>("CLIENT PAUSE 12000 WRITE").await;
    let sent: Vec<_> = (0..DELIVERIES).map(|id| replica.begin(signed(&format!("paused_{id}")))).collect();
    for answer in sent {
        soon(answer).await.unwrap().assert_unavailable();
    }
    layer.drain().finished().await;
    // Each delivery makes one claim and a few releases with back-off. All of them reach the server when it resumes.
    let calls = server.calls().await["evalsha"];
    assert!((2 * DELIVERIES..=6 * DELIVERIES).contains(&calls), "{calls} scripts");
    replica.handle("paused_0").await;
}

#[tokio::test]
async fn a_full_server_rejects_new_claims_and_settles_existing_ones() {
    let server = Server::start_with("--maxmemory-policy noeviction").await;
    let mut replica = Replica::new(layer(server.store().await).lease(Duration::from_secs(1)));
    replica.handle("msg_1").await;
    let running = replica.begin(signed("msg_2"));
    let call = replica.call().await;
    let failing = replica.begin(signed("msg_3"));
    let failing_call = replica.call().await;

    server.set("maxmemory 1").await;
    replica.send(signed("msg_4")).await.assert_unavailable();
    replica.send(signed("msg_1")).await.assert_duplicate();
    server.run::<()>("CONFIG RESETSTAT").await;
    until("both handlers have outlived their first leases", async || {
        server.calls().await.get("evalsha").is_some_and(|calls| *calls >= 8)
    })
    .await;
    replica.send(signed("msg_2")).await.assert_in_progress();
    call.answer(StatusCode::OK);
    failing_call.answer(StatusCode::BAD_GATEWAY);
    assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::OK);
    assert_eq!(soon(failing).await.unwrap().0.status(), StatusCode::BAD_GATEWAY);
    replica.send(signed("msg_2")).await.assert_duplicate();
    let refused = replica.send(signed("msg_3")).await;
    refused.assert_unavailable();
    let cause = refused.rejection().unwrap().source().unwrap().source().unwrap().to_string();
    assert!(cause.contains("OOM"), "{cause}");

    server.set("maxmemory 0").await;
    replica.handle("msg_3").await;
    replica.handle("msg_4").await;
    for id in ["msg_1", "msg_2"] {
        replica.send(signed(id)).await.assert_duplicate();
    }
}

#[tokio::test]
async fn a_read_only_replica_detects_duplicates_and_rejects_claims() {
    let master = Server::start().await;
    let redis_replica = master.start_replica().await;
    let mut replica = Replica::new(layer(master.store().await));
    let misled = Replica::new(layer(redis_replica.store().await));
    replica.handle("msg_1").await;
    until("the record has been replicated", async || redis_replica.responds("DBSIZE", "1").await).await;
    misled.send(signed("msg_1")).await.assert_duplicate();
    misled.send(signed("msg_2")).await.assert_unavailable();
    replica.handle("msg_2").await;
}

#[tokio::test]
async fn a_failover_behind_one_address_is_detected_without_a_broken_connection() {
    let (master, redis_replica) = (Server::start().await, Server::start().await);
    let address = Proxy::to(master.port).await;
    let store = RedisStore::connect(&address.url()).await.unwrap();
    let (mut replica, key) = (Replica::new(layer(store.clone())), Key::new("s", "1"));
    replica.handle("msg_1").await;
    redis_replica.run::<String>(&format!("REPLICAOF 127.0.0.1 {}", master.port)).await;
    until("the Redis replica has synchronized", async || redis_replica.responds("DBSIZE", "1").await).await;

    redis_replica.run::<String>("REPLICAOF NO ONE").await;
    master.run::<String>(&format!("REPLICAOF 127.0.0.1 {}", redis_replica.port)).await;
    address.switch_to(redis_replica.port);
    until("the store writes to the new master", async || {
        store.claim(&key, &Token::mint(), LEASE).await.is_ok()
    })
    .await;
    replica.send(signed("msg_1")).await.assert_duplicate();
    replica.handle("msg_2").await;
    assert_eq!(redis_replica.run::<u64>("DBSIZE").await, 3);
}

#[tokio::test]
async fn a_call_whose_response_is_lost_is_retried() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.port).await;
    let store = RedisStore::connect(&proxy.url()).await.unwrap();
    let (key, token) = (Key::new("s", "1"), Token::mint());
    let lost = || {
        assert!(proxy.has_dropped_response());
        proxy.drop_next_response();
    };
    // Load each script, so that the lost response is that of the script itself.
    store.claim(&key, &token, LEASE).await.unwrap();
    store.extend(&key, &token, LEASE).await.unwrap();
    store.release(&key, &token).await.unwrap();
    store.forget(&key).await.unwrap();

    lost();
    let Claim::Acquired { fencing_token } = store.claim(&key, &token, LEASE).await.unwrap() else { panic!() };
    assert_eq!(store.claim(&key, &token, LEASE).await.unwrap(), Claim::Acquired { fencing_token });
    lost();
    assert!(store.extend(&key, &token, LEASE).await.unwrap());
    lost();
    assert!(store.release(&key, &token).await.unwrap());
    store.claim(&key, &token, LEASE).await.unwrap();
    store.complete(&Key::new("s", "unknown"), &token, LEASE).await.unwrap();
    lost();
    assert!(store.complete(&key, &token, LEASE).await.unwrap());
    assert_eq!(store.claim(&key, &token, LEASE).await.unwrap(), Claim::Completed);
    lost();
    store.forget(&key).await.unwrap_err();
    assert!(proxy.has_dropped_response());
    assert!(!store.forget(&key).await.unwrap());
}

#[tokio::test]
async fn the_store_reconnects_after_a_rejected_connection() {
    let server = Server::start().await;
    let mut test = server.connection().await;
    let mut replica = Replica::new(layer(server.store().await));
    replica.handle("msg_1").await;
    let mut run = async |command: &str| {
        let words: Vec<_> = command.split(' ').collect();
        redis::cmd(words[0]).arg(&words[1..]).query_async::<()>(&mut test).await.unwrap();
    };
    run("CONFIG SET maxclients 1").await;
    run("CLIENT KILL TYPE normal").await;
    replica.send(signed("msg_2")).await.assert_unavailable();
    run("CONFIG SET maxclients 100").await;
    until("the store has reconnected", async || replica.send(signed("msg_1")).await.is_duplicate()).await;
    replica.handle("msg_2").await;
}

#[tokio::test]
async fn connection_errors_name_the_cause_and_hide_the_password() {
    let server = Server::start_with("--requirepass open-sesame").await;
    let port = server.port;
    let cases = [
        (format!("redis://:hunter2@127.0.0.1:{port}"), "authentication failed"),
        (format!("redis://127.0.0.1:{port}"), "NOAUTH"),
        ("redis://:hunter2@127.0.0.1:1".to_owned(), "refused"),
        (format!("rediss://:hunter2@127.0.0.1:{port}"), "TLS"),
        ("redis://:hunter2@127.0.0.1:what".to_owned(), "URL"),
        (format!("redis://:hunter2@127.0.0.1:{port}/hunter2"), "database"),
        ("hunter2".to_owned(), "URL"),
    ];
    for (url, reason) in cases {
        let error: StoreError = RedisStore::connect(&url).await.unwrap_err();
        let mut texts = vec![format!("{error} {error:?} {}", error.source().unwrap())];
        if url.contains(':') {
            let error = AnyStore::connect(&url).await.unwrap_err();
            texts.push(format!("{error} {error:?} {}", error.source().unwrap()));
        }
        for text in texts {
            assert!(text.contains(reason) && !text.contains("hunter2"), "{text}");
        }
    }
    let store = RedisStore::connect(&format!("redis://:open-sesame@127.0.0.1:{port}")).await.unwrap();
    assert_eq!(format!("{store:?}"), "RedisStore { prefix: \"webhook\", timeout: 1s, .. }");
    assert!(store.claim(&Key::new("s", "1"), &Token::mint(), LEASE).await.is_ok());
}

#[tokio::test]
async fn the_documented_permissions_are_enough() {
    let server = Server::start().await;
    server.run::<()>(&format!("ACL SETUSER shop on >pass {PERMISSIONS}")).await;
    let url = format!("redis://shop:pass@127.0.0.1:{}", server.port);
    // Without the permission for `PING`, connecting still succeeds once the server accepts the login.
    RedisStore::connect(&url).await.unwrap();
    server.run::<()>("ACL SETUSER shop +ping").await;
    let store = RedisStore::connect(&url).await.unwrap();
    store.claim(&Key::new("s", "1"), &Token::mint(), LEASE).await.unwrap_err();
    let store = store.prefix("shop");
    let mut replica = Replica::new(layer(store.clone()));
    let delivery = replica.handle("msg_1").await;
    replica.send(signed("msg_1")).await.assert_duplicate();
    replica.answer(signed("msg_2"), StatusCode::BAD_GATEWAY).await;
    assert!(store.forget(delivery.dedupe_key().unwrap()).await.unwrap());
    replica.handle("msg_1").await;
}

#[tokio::test]
async fn a_user_that_lacks_one_permission_gets_an_error_with_all_that_the_store_needs() {
    let server = Server::start().await;
    let url = format!("redis://shop:pass@127.0.0.1:{}", server.port);
    for lacking in PERMISSIONS.split(' ') {
        let others: Vec<_> = PERMISSIONS.split(' ').filter(|permission| *permission != lacking).collect();
        server.run::<()>(&format!("ACL SETUSER shop reset on >pass {}", others.join(" "))).await;
        // `EVAL` is only needed for scripts that are not cached.
        server.run::<()>("SCRIPT FLUSH").await;
        let store = RedisStore::connect(&url).await.unwrap().prefix("shop");
        let (key, token) = (Key::new("s", lacking), Token::mint());
        let answers = [
            store.claim(&key, &token, LEASE).await.err(),
            store.extend(&key, &token, LEASE).await.err(),
            store.complete(&key, &token, LEASE).await.err(),
            store.forget(&key).await.err(),
        ];
        let errors: Vec<_> = answers.into_iter().flatten().collect();
        assert!(!errors.is_empty(), "no call needs {lacking}");
        for error in errors {
            let cause = error.source().unwrap();
            let text = format!("user lacks a permission: the store needs `{PERMISSIONS}`");
            assert_eq!(cause.to_string(), text, "without {lacking}");
            let reason = cause.source().unwrap().to_string();
            assert_eq!(format!("{error:?}"), format!("StoreError({text}: {reason})"));
        }
        // A claim that failed does not keep the key from others.
        let key = Key::new("s", &format!("{lacking} again"));
        let failed = store.claim(&key, &Token::mint(), LEASE).await.is_err();
        server.run::<()>(&format!("ACL SETUSER shop {lacking}")).await;
        let claim = store.claim(&key, &Token::mint(), LEASE).await.unwrap();
        assert_eq!(matches!(claim, Claim::Acquired { .. }), failed, "without {lacking}: {claim:?}");
    }
}

#[tokio::test]
async fn answers_within_is_the_configured_timeout() {
    let server = Server::start().await;
    let store = server.store().await;
    assert_eq!(store.answers_within(), Some(Duration::from_secs(1)));
    let given = |time| store.clone().timeout(time).answers_within();
    assert_eq!(given(Duration::from_millis(300)), Some(Duration::from_millis(300)));
    assert_eq!(given(Duration::ZERO), Some(Duration::from_millis(1)));
}
