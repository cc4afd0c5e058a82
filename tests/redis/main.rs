//! `RedisStore` on servers that these tests start: a single server, a Cluster, Sentinel, and failing servers.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod contracts;
mod deliveries;
mod failures;
#[path = "../reference/machine.rs"]
mod machine;
mod many;
#[path = "../reference/model.rs"]
mod model;
mod proxy;
mod records;
mod reference;
mod replica;
mod server;
