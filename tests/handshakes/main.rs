//! Verification handshakes: the requests that the layer answers as handshakes, and requests that only resemble one.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod encrypted;
mod known;
mod oracle;
mod refused;
mod signed;
mod support;
mod unsigned;
mod unsigned_posts;
