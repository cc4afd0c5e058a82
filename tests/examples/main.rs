//! Tests of the examples as processes: they run the documented commands, kill the processes, and use real Redis servers
//! and database files.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

#[path = "../common/mod.rs"]
mod common;
/// Included for its contract test. If Cargo built the example as a test, Cargo would not build the program as well.
#[allow(dead_code, reason = "`main` only runs in the example's own process")]
#[path = "../../examples/custom_store.rs"]
mod custom_store;
mod documented;
mod inbox;
mod metrics;
mod notifyer;
mod pasted;
mod postgres;
#[path = "../postgres/server.rs"]
#[allow(dead_code, reason = "the tests of `PostgresStore` use all of it")]
mod postgres_server;
#[path = "../common/processes.rs"]
mod processes;
mod program;
mod readme;
mod replicas;
#[path = "../redis/server.rs"]
#[allow(dead_code, reason = "the tests of `RedisStore` use all of it")]
mod server;
mod subjects;
#[path = "../postgres/tools.rs"]
mod tools;
mod transaction;
