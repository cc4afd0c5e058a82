//! `PostgresStore` on servers that these tests start: transactions of handlers, failing servers, and PgBouncer.
//! `shared` runs the tests that `tests/redis/` has as well.
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
#[path = "../store/machine.rs"]
mod machine;
#[path = "../store/model.rs"]
mod model;
mod reference;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../common/seen.rs"]
mod seen;
mod server;
#[macro_use]
#[path = "../common/store_server/mod.rs"]
mod store_server;
mod shared;
mod table;
mod tools;
mod transactions;
