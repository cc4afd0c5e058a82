//! Test files that the inspector generated. `tests/inspector/export.rs` compares them with what it generates now.
#![allow(missing_docs, clippy::indexing_slicing)]

mod discord;
mod linear;
