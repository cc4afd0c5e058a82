//! What a duplicate writes, stores from URLs, and keys in tables.

use http::StatusCode;
use tower_webhook::store::{AnyStore, Store};

use crate::{
    common::soon,
    server::Server,
    store_server::replica::{Replica, layer, signed},
};

/// A duplicate that wrote would wait for the disk, and a flood of duplicates would lock out heartbeats.
#[tokio::test]
async fn a_duplicate_writes_nothing() {
    let server = Server::start().await;
    let mut replica = Replica::new(layer(server.store().await));
    replica.handle("handled").await;
    let running = replica.begin(signed("running"));
    let call = replica.call().await;
    let written = async || server.get::<String>("SELECT pg_current_wal_insert_lsn()::text").await;
    server.run("CHECKPOINT").await;
    let (mut before, mut writes) = (written().await, 0);
    for _ in 0..20 {
        replica.send(signed("handled")).await.assert_duplicate();
        replica.send(signed("running")).await.assert_in_progress();
        let after = written().await;
        writes += usize::from(after != before);
        before = after;
    }
    // The server itself writes now and then.
    assert!(writes <= 2, "{writes}");
    call.answer(StatusCode::OK);
    soon(running).await.unwrap();
}

#[tokio::test]
async fn a_store_from_a_url_can_name_its_table_and_schema() {
    let server = Server::start_empty(&[]).await;
    let store = server.store().await.schema("my shop").table("Hooks");
    store.migrate().await.unwrap();
    let url = format!("{}?schema=my%20shop&table=Hooks&application_name=shop", server.url());
    let store = AnyStore::connect(&url).await.unwrap();
    let mut replica = Replica::new(layer(store.clone()).scope("orders"));
    let delivery = replica.handle("msg_1").await;
    let key: String = server.get(r#"SELECT key FROM "my shop"."Hooks""#).await;
    assert_eq!(key, "standard-webhooks-orders:msg_1");
    replica.send(signed("msg_1")).await.assert_duplicate();
    assert!(store.forget(delivery.dedupe_key().unwrap()).await.unwrap());
    replica.handle("msg_1").await;
}

#[tokio::test]
async fn a_store_from_a_url_can_use_a_unix_socket() {
    let server = Server::start().await;
    let (directory, port) = (server.directory.display(), server.port);
    let url = format!("postgresql:///postgres?host={directory}&port={port}&user=postgres");
    let mut replica = Replica::new(layer(AnyStore::connect(&url).await.unwrap()));
    replica.handle("msg_1").await;
}
