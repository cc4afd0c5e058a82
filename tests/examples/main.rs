//! The examples, run as a user would run them: as processes, called with what their documentation says to
//! paste, and killed; with real Redis servers and database files.
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
/// For its test that the store keeps the contract: were it built as a test by itself, it would not be built to run.
#[allow(dead_code, reason = "its `main` is called in a process of its own")]
#[path = "../../examples/custom_store.rs"]
mod custom_store;
mod documented;
mod inbox;
#[cfg(feature = "metrics")]
mod metrics;
mod notifyer;
mod pasted;
mod program;
mod replicas;
#[path = "../redis/server.rs"]
#[allow(dead_code, reason = "the tests of `RedisStore` use all of it")]
mod server;
mod subjects;
mod transaction;
