//! What each fuzz target does with an input, without the fuzzer: `tests/fuzz_corpus.rs` of the crate runs
//! the same on the corpus that was found.
//!
//! An input is text where it can be, so that it can be read when it is a finding, and so that the
//! known answers in `tests/vectors/` are inputs as they stand.
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

/// What is done with an input. It panics where something is wrong.
pub type Target = fn(&[u8]);

/// Every target, by the name of its file in `fuzz_targets/`.
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
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target of this name");
    target(input);
}
