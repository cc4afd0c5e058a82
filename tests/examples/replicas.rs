//! The examples whose replicas share a Redis.

use std::fs;

use http::StatusCode;

use crate::{
    documented::Documented,
    program::{Directory, is_duplicate},
    server::{Server, until},
};

const ORDER: &str = r#"{"type":"order.placed","number":17}"#;

#[tokio::test]
async fn redis_sentinel_follows_a_fail_over() {
    let mut master = Server::start().await;
    let copy = Server::start_with(&format!("--replicaof 127.0.0.1 {}", master.port)).await;
    until("it is a copy", async || {
        copy.run::<String>("INFO replication").await.contains("master_link_status:up")
    })
    .await;
    let directory = Directory::new("sentinel");
    let configuration = directory.file("sentinel.conf");
    let watched = format!(
        "sentinel monitor mymaster 127.0.0.1 {} 1\nsentinel down-after-milliseconds mymaster 500\n\
         sentinel failover-timeout mymaster 5000\n",
        master.port
    );
    fs::write(&configuration, watched).unwrap();
    let sentinel = Server::start_with(&format!("{configuration} --sentinel")).await;
    until("Sentinel knows both", async || {
        let info: String = sentinel.run("INFO sentinel").await;
        info.contains("status=ok") && info.contains("slaves=1")
    })
    .await;

    let program = Documented::of("redis_sentinel").start(&[("SENTINELS", &sentinel.url())]);
    let endpoint = program.endpoint();
    assert_eq!(endpoint.deliver("msg_1", ORDER).await.status(), StatusCode::NO_CONTENT);
    assert!(is_duplicate(&endpoint.deliver("msg_1", ORDER).await));
    let forged = endpoint.forge("msg_2", ORDER).await;
    assert_eq!(forged.status(), StatusCode::UNAUTHORIZED);
    until("it has arrived", async || copy.run::<u64>("DBSIZE").await == 1).await;
    master.kill();
    until("it is followed", async || is_duplicate(&endpoint.deliver("msg_1", ORDER).await)).await;
}
