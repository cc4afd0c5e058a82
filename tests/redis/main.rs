//! `RedisStore` on servers that these tests start: alone, in a Cluster, with Sentinel, and failing.
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
mod many;
mod proxy;
mod records;
mod replica;
mod server;
