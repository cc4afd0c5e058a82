//! Scripts, stores from URLs, and the prefixes of keys.

use tower_webhook::store::{AnyStore, Store};

use crate::{
    server::Server,
    store_server::replica::{Replica, layer, signed},
};

#[tokio::test]
async fn scripts_are_sent_again_after_a_script_flush() {
    let server = Server::start().await;
    let mut replica = Replica::new(layer(server.store().await));
    replica.handle("msg_1").await;
    server.run::<()>("SCRIPT FLUSH").await;
    server.run::<()>("CONFIG RESETSTAT").await;
    replica.handle("msg_2").await;
    let calls = server.calls().await;
    assert_eq!((calls["evalsha"], calls["eval"]), (2, 2));
    replica.handle("msg_3").await;
    replica.send(signed("msg_1")).await.assert_duplicate();
    let calls = server.calls().await;
    assert_eq!((calls["evalsha"], calls["eval"]), (5, 2));
}

#[tokio::test]
async fn a_store_from_a_url_puts_its_prefix_before_provider_and_scope() {
    let server = Server::start().await;
    let url = format!("{}/0?prefix=my%20shop&protocol=3", server.url());
    let store = AnyStore::connect(&url).await.unwrap();
    let mut replica = Replica::new(layer(store.clone()).scope("orders"));
    let delivery = replica.handle("msg_1").await;
    assert_eq!(server.run::<Vec<String>>("KEYS *").await, ["my shop:standard-webhooks-orders:msg_1"]);
    replica.send(signed("msg_1")).await.assert_duplicate();
    assert!(store.forget(delivery.dedupe_key().unwrap()).await.unwrap());
    replica.handle("msg_1").await;
}

#[tokio::test]
async fn a_store_from_a_url_can_use_a_unix_socket() {
    let server = Server::start_with("--unixsocket redis.sock").await;
    let url = format!("redis+unix://{}/redis.sock?db=1&prefix=shop", server.directory.display());
    let mut replica = Replica::new(layer(AnyStore::connect(&url).await.unwrap()));
    replica.handle("msg_1").await;
    assert!(server.run::<String>("INFO keyspace").await.contains("db1:keys=1"));
}
