//! Verification of requests, with and without the layer. The known answers of all providers are in `tests/vectors/`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code, unreachable_pub, reason = "other test crates share this file")]
#[path = "../common/answers.rs"]
mod answers;
mod cavage_signatures;
mod content_encoding;
#[allow(dead_code, unreachable_pub, reason = "other test crates share this file")]
#[path = "../common/deliver.rs"]
mod deliver;
mod detached_jws;
mod judge;
mod jwt;
mod known;
mod message_signatures;
mod public_keys;
mod scheme;
mod standalone;
