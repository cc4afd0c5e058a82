//! Several servers: a Cluster while it is resharded, and a failover by Sentinel.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use redis_sentinel::SentinelConnection;
use tower_webhook::store::{Claim, Key, RedisStore, Store, Token};

use crate::{
    cluster::Cluster,
    server::{Server, until},
    store_server::{
        LEASE,
        replica::{Replica, layer, signed},
    },
};

#[allow(dead_code, reason = "an example, whose `main` is not called here")]
#[path = "../../examples/redis_sentinel.rs"]
mod redis_sentinel;

#[tokio::test]
async fn a_cluster_takes_as_many_round_trips_as_a_single_server() {
    let cluster = Cluster::start().await;
    let mut replica = Replica::new(layer(cluster.store().await));
    let round_trips = async || {
        let mut sum = 0;
        for node in &cluster.nodes {
            let calls = node.calls().await;
            assert!(!calls.contains_key("eval"), "a node did not have the scripts");
            sum += calls.get("evalsha").copied().unwrap_or_default();
        }
        sum
    };
    for n in 0..50 {
        replica.handle(&format!("warm_up_{n}")).await;
    }
    for node in &cluster.nodes {
        node.run::<()>("CONFIG RESETSTAT").await;
    }
    for n in 0..50 {
        replica.handle(&format!("msg_{n}")).await;
    }
    assert_eq!(round_trips().await, 100);
    for n in 0..50 {
        replica.send(signed(&format!("msg_{n}"))).await.assert_duplicate();
    }
    assert_eq!(round_trips().await, 150);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_succeed_while_their_slot_is_migrated() {
    let cluster = Cluster::start().await;
    // All keys are in the slot that is migrated.
    let store = cluster.store().await.prefix("{moving}");
    let slot: u16 = cluster.nodes[0].run("CLUSTER KEYSLOT {moving}").await;

    let (done, over) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let (store, done, over) = (store.clone(), Arc::clone(&done), Arc::clone(&over));
            tokio::spawn(async move {
                let mut n = 0;
                while !over.load(Ordering::SeqCst) {
                    let (key, token) = (Key::new("s", &format!("{worker}-{n}")), Token::mint());
                    let claim = store.claim(&key, &token, LEASE).await.unwrap();
                    assert!(matches!(claim, Claim::Acquired { .. }), "{claim:?}");
                    let claim = store.claim(&key, &Token::mint(), LEASE).await.unwrap();
                    assert_eq!(claim, Claim::InProgress);
                    assert!(store.extend(&key, &token, LEASE).await.unwrap());
                    assert!(store.complete(&key, &token, LEASE).await.unwrap());
                    assert_eq!(store.claim(&key, &token, LEASE).await.unwrap(), Claim::Completed);
                    n += 1;
                    done.fetch_add(1, Ordering::SeqCst);
                }
                n
            })
        })
        .collect();
    let more = async |by| {
        let before = done.load(Ordering::SeqCst);
        until("the workers have made progress", async || done.load(Ordering::SeqCst) >= before + by).await;
    };
    more(50).await;
    cluster.migrate(slot, async || more(50).await).await;
    more(50).await;
    over.store(true, Ordering::SeqCst);
    for (worker, handle) in workers.into_iter().enumerate() {
        for n in 0..handle.await.unwrap() {
            let key = Key::new("s", &format!("{worker}-{n}"));
            assert_eq!(store.claim(&key, &Token::mint(), LEASE).await.unwrap(), Claim::Completed, "{key}");
        }
    }
}

#[tokio::test]
async fn the_store_follows_a_failover_by_sentinel() {
    let mut master = Server::start().await;
    let redis_replica = master.start_replica().await;
    let configuration = std::env::temp_dir().join(format!("sentinel-{}.conf", std::process::id()));
    let text = format!(
        "sentinel monitor shop 127.0.0.1 {} 1\nsentinel down-after-milliseconds shop 500\n\
         sentinel failover-timeout shop 5000\n",
        master.port
    );
    fs::write(&configuration, text).unwrap();
    let sentinel = Server::start_with(&format!("{} --sentinel", configuration.display())).await;
    until("Sentinel knows both", async || {
        sentinel.responds("INFO sentinel", "status=ok").await
            && sentinel.responds("INFO sentinel", "slaves=1").await
    })
    .await;

    let connection = SentinelConnection::new(vec![sentinel.url()], "shop").unwrap();
    let mut replica = Replica::new(layer(RedisStore::new(connection)));
    let before = replica.handle("msg_1").await;
    until("the record has been replicated", async || redis_replica.responds("DBSIZE", "1").await).await;
    master.kill();
    // Sentinel closes the connections of the server that it promotes.
    until("the Redis replica has become the master", async || {
        redis_replica.responds("INFO replication", "role:master").await
    })
    .await;
    until("the store has followed the failover", async || replica.send(signed("msg_1")).await.is_duplicate())
        .await;
    let after = replica.handle("msg_2").await;
    assert!(after.fencing_token() > before.fencing_token());
    fs::remove_file(configuration).unwrap();
}
