//! Helpers for tests over sockets: signing, a client, a handler that the test controls, outcomes, and the suite that
//! every host must pass.
#![allow(dead_code, unused_imports, unused_macros, unreachable_pub, reason = "no test crate uses all of it")]

mod client;
mod desk;
mod outcomes;
mod sign;
#[macro_use]
pub mod suite;

use std::time::Duration;

pub use self::{
    client::{Client, Version, in_chunks},
    desk::{Call, Calls, Desk, Order, desk},
    outcomes::{Outcomes, outcomes},
    sign::{NOW, SECRET, Sent, github, post, secret, signed, signed_at, signed_with, standard_headers},
};

/// Awaits `future` with a timeout, so that a test fails instead of hanging.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("timed out after 60 s")
}

/// Reads a number from an environment variable.
pub fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}
