//! Verification handshakes: which ones are answered, and that no event reaches the handler through one.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod known;
mod oracle;
mod refused;
mod signed;
mod support;
mod unsigned;
mod unsigned_posts;
