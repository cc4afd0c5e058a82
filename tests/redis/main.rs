//! `RedisStore` on servers that these tests start: a single server, a Cluster, Sentinel, and failing servers.
//! `shared` runs the tests that `tests/postgres/` has as well.
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
#[path = "../store/machine.rs"]
mod machine;
mod many;
#[path = "../store/model.rs"]
mod model;
mod proxy;
mod records;
mod reference;
mod server;
#[macro_use]
#[path = "../common/store_server/mod.rs"]
mod store_server;
mod shared;
