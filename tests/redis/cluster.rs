//! A Cluster of three masters.

use std::time::Duration;

use redis::{cluster::ClusterClient, cluster_async::ClusterConnection};
use tower_webhook::store::RedisStore;

use crate::server::{Server, until};

pub struct Cluster {
    pub nodes: Vec<Server>,
}

const SLOTS: u16 = 16_384;

impl Cluster {
    pub async fn start() -> Self {
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(Server::start_with("--cluster-enabled yes --cluster-node-timeout 5000").await);
        }
        for (index, node) in (0_u16..).zip(&nodes) {
            node.run::<()>(&format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1)).await;
            let slots: Vec<_> =
                (SLOTS * index / 3..SLOTS * (index + 1) / 3).map(|slot| slot.to_string()).collect();
            node.run::<()>(&format!("CLUSTER ADDSLOTS {}", slots.join(" "))).await;
            node.run::<()>(&format!("CLUSTER MEET 127.0.0.1 {}", nodes[0].port)).await;
        }
        for node in &nodes {
            until("the Cluster has formed", async || {
                node.responds("CLUSTER INFO", "cluster_state:ok").await
                    && node.responds("CLUSTER INFO", "cluster_known_nodes:3").await
            })
            .await;
        }
        Self { nodes }
    }

    pub async fn store(&self) -> RedisStore<ClusterConnection> {
        let client = ClusterClient::new(self.nodes.iter().map(Server::url)).unwrap();
        RedisStore::new(client.get_async_connection().await.unwrap())
    }

    pub async fn advance(&self, time: Duration) {
        for node in &self.nodes {
            node.advance(time).await;
        }
    }

    /// Migrates `slot` to the next node, as `redis-cli --cluster reshard` does. Runs `half_way` after the first batch
    /// of keys has moved.
    pub async fn migrate(&self, slot: u16, half_way: impl AsyncFnOnce()) {
        let from = usize::from(slot) * 3 / usize::from(SLOTS);
        let (from, to) = (&self.nodes[from], &self.nodes[(from + 1) % 3]);
        let (from_id, to_id) =
            (from.run::<String>("CLUSTER MYID").await, to.run::<String>("CLUSTER MYID").await);
        to.run::<()>(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}")).await;
        from.run::<()>(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}")).await;
        let mut half_way = Some(half_way);
        loop {
            let keys: Vec<String> = from.run(&format!("CLUSTER GETKEYSINSLOT {slot} 10")).await;
            if keys.is_empty() {
                break;
            }
            let mut migrate = redis::cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(to.port).arg("").arg(0).arg(5000).arg("KEYS").arg(keys);
            migrate.query_async::<()>(&mut from.connection().await).await.unwrap();
            if let Some(half_way) = half_way.take() {
                half_way().await;
            }
        }
        for node in [to, from].into_iter().chain(&self.nodes) {
            node.run::<()>(&format!("CLUSTER SETSLOT {slot} NODE {to_id}")).await;
        }
    }
}
