//! The examples whose replicas share a Redis server.

use std::fs;

use http::StatusCode;

use crate::{
    documented::{DUP, Documented, paste, statuses},
    program::{Directory, Program, is_duplicate},
    server::{Server, until},
};

const ORDER: &str = r#"{"type":"order.placed","number":17}"#;

/// Starts the documented command with the test's Redis server.
fn start(redis: &Server, settings: &[(&str, &str)]) -> Program {
    let url = redis.url();
    Documented::of("redis").start(&[&[("REDIS_URL", &*url)], settings].concat())
}

#[tokio::test]
async fn redis_lets_one_replica_handle_each_delivery() {
    let documented = Documented::of("redis");
    let redis = Server::start().await;
    let replicas = [start(&redis, &[]), start(&redis, &[])];
    let [first, second] = replicas.each_ref().map(Program::address);
    let block = documented.paste().replace("127.0.0.1:3001", &second);
    assert_eq!(statuses(&paste(&first, &block)), [204, DUP]);
    let forgery = block.replace("MfKQ9r8G", "AAAAAAAA");
    assert_eq!(statuses(&paste(&first, &forgery)), [401, 401]);
    let keys: Vec<String> = redis.run("KEYS *").await;
    assert!(keys.len() == 1 && keys[0].starts_with("shop:"), "{keys:?}");
}

// Multi-threaded, because `says` blocks a thread while the delivery is being sent.
#[tokio::test(flavor = "multi_thread")]
async fn redis_rejects_a_concurrent_duplicate_and_a_stopping_replica_finishes_its_handlers() {
    let redis = Server::start().await;
    let (leaving, staying) = (start(&redis, &[("PACKING_SECONDS", "10")]), start(&redis, &[]));
    let (first, second) = (leaving.endpoint(), staying.endpoint());
    let delivery = tokio::spawn(async move { first.deliver("msg_1", ORDER).await });
    leaving.says("msg_1: packing order 17");
    let duplicate = second.deliver("msg_1", ORDER).await;
    assert_eq!(
        (duplicate.status(), &duplicate.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"5".parse().unwrap())
    );

    let (status, said) = leaving.stop();
    assert!(status.success() && said == ["msg_1: packed"], "{said:?}");
    // The response came at the acknowledgement deadline; the shutdown did not cut the request short.
    assert_eq!(delivery.await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(is_duplicate(&second.deliver("msg_1", ORDER).await));
}

#[tokio::test]
async fn redis_sentinel_follows_a_failover() {
    let mut master = Server::start().await;
    let redis_replica = Server::start_with(&format!("--replicaof 127.0.0.1 {}", master.port)).await;
    until("the Redis replica is connected to the master", async || {
        redis_replica.responds("INFO replication", "master_link_status:up").await
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
        sentinel.responds("INFO sentinel", "status=ok").await
            && sentinel.responds("INFO sentinel", "slaves=1").await
    })
    .await;

    let documented = Documented::of("redis_sentinel");
    let program = documented.start(&[("SENTINELS", &sentinel.url())]);
    let address = program.address();
    let deliver = |block: &str| statuses(&paste(&address, block))[0];
    assert_eq!([deliver(documented.paste()), deliver(documented.paste())], [204, DUP]);
    assert_eq!(deliver(&documented.paste().replace("MfKQ9r8G", "AAAAAAAA")), 401);
    until("the record has been replicated", async || redis_replica.responds("DBSIZE", "1").await).await;
    master.kill();
    until("the program has followed the failover", async || deliver(documented.paste()) == DUP).await;
}
