//! Handshakes: what is answered, to whom, and that no event gets in by way of one.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod known;
mod oracle;
mod refused;
mod signed;
mod support;
mod unsigned;
