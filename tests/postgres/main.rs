//! `PostgresStore` on servers that these tests start: contracts, deliveries, transactions of handlers, failing servers,
//! and PgBouncer.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod bouncer;
#[path = "../common/mod.rs"]
mod common;
mod contracts;
mod deliveries;
mod failures;
#[path = "../reference/machine.rs"]
mod machine;
#[path = "../reference/model.rs"]
mod model;
mod reference;
#[path = "../redis/replica.rs"]
mod replica;
#[cfg(feature = "tracing")]
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../common/seen.rs"]
mod seen;
mod server;
mod table;
mod tools;
mod transactions;
