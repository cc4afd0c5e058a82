//! `examples/inspector`, driven from outside: its command line, its lines, its connections.
#![cfg(all(feature = "axum", feature = "test-util", unix))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub, reason = "a test crate has no outside")]

mod ending;
mod http;
mod outcomes;
mod page;
mod page_guard;
mod process;
#[cfg(feature = "redis")]
mod replicas;
mod second_look;
#[cfg(feature = "redis")]
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../redis/server.rs"]
mod server;
mod starting;
mod test_events;
mod vectors;

use self::{
    http::{Answer, Connection, Request, SECRET, get, now},
    process::{Inspector, PATIENCE, run},
};

/// What a handler that is to go on until the test is done with it is asked for.
const FOR_EVER: &str = "delay_ms=86400000";

/// Checks the fields of a line that are named.
macro_rules! assert_line {
    ($line:expr, $($field:ident: $expected:tt),+ $(,)?) => {
        let line = $line;
        $(assert_eq!(line[stringify!($field)], serde_json::json!($expected), "{} of {line}", stringify!($field));)+
    };
}
use assert_line;
