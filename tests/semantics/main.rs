//! The processing of deliveries, with one test for each case, in process and in virtual time.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod answers;
mod attempts;
mod batches;
mod claims;
mod detached;
mod drops;
mod events;
mod handles;
mod items;
mod keys;
mod layers;
mod nested;
mod outcomes;
mod pipeline;
mod receiving;
mod routes;
#[allow(dead_code, reason = "some of it is only used by other tests")]
#[path = "../common/sign.rs"]
mod sign;
mod store_failures;
mod support;
mod tenants;
