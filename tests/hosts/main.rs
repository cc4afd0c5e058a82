//! The layer on its hosts: the suite over real sockets on axum, hyper and tonic, programs that must compile, and tower's
//! contract for services. `tests/frameworks/` has other frameworks.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod axum;
mod hyper;
mod programs;
mod readiness;
mod tonic;
