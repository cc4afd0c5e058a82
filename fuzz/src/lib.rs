//! The fuzz targets, without the fuzzer. The crate's `tests/fuzz_corpus.rs` replays the stored corpus with them.
//!
//! Inputs are text where possible, so that findings are readable and the known answers in `tests/vectors/` can
//! be inputs.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod body;
mod edit;
mod judge;
mod keys;
mod payload;
mod provider;
mod reference;
mod scheme;
mod service;
mod wire;

/// A fuzz target. It panics if an input shows a bug.
pub type Target = fn(&[u8]);

/// The targets, by the names of their files in `fuzz_targets/`.
pub const TARGETS: [(&str, Target); 6] = [
    ("body", body::run),
    ("keys", keys::run),
    ("payload", payload::run),
    ("provider", provider::run),
    ("scheme", scheme::run),
    ("service", service::run),
];

/// Runs the target `name`.
pub fn run(name: &str, input: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("target is unknown");
    target(input);
}
