//! The examples that promise something, run as a user would run them: as processes, which these tests
//! kill, with real Redis servers and database files.
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
mod inbox;
#[cfg(feature = "metrics")]
mod metrics;
mod program;
#[path = "../redis/server.rs"]
#[allow(dead_code, reason = "the tests of `RedisStore` use all of it")]
mod server;
mod transaction;
