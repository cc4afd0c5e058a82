//! The contract test on other connections to Redis than that of `RedisStore::connect`.

use tower_webhook::store::{self, RedisStore};

use crate::{cluster::Cluster, server::Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_plain_connection_fulfills_the_contract() {
    let server = Server::start().await;
    let store = RedisStore::new(server.connection().await);
    store::contract(store, async |time| server.advance(time).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_fulfills_the_contract() {
    let cluster = Cluster::start().await;
    store::contract(cluster.store().await, async |time| cluster.advance(time).await).await;
    for node in &cluster.nodes {
        assert!(node.run::<u64>("DBSIZE").await > 0, "a node stores no keys");
    }
}
