//! Tracing and metrics: what the layer reports for each way in which a request ends.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod endings;
mod metrics;
#[path = "../common/seen.rs"]
mod seen;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../common/sign.rs"]
mod sign;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../semantics/support.rs"]
mod support;
mod tracing;
