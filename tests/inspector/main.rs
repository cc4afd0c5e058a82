//! Tests of the inspector as a process: its command line, its output and its connections.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub, reason = "test crates have no public API")]

mod again;
#[allow(dead_code, unreachable_pub, reason = "other test crates share this file")]
#[path = "../common/answers.rs"]
mod answers;
mod ending;
mod export;
mod forward;
mod hints;
mod http;
mod outcomes;
mod page;
mod page_guard;
mod process;
#[path = "../common/processes.rs"]
mod processes;
mod record;
#[cfg(feature = "redis")]
mod replicas;
mod second_look;
#[cfg(feature = "redis")]
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../redis/server.rs"]
mod server;
mod service;
mod starting;
mod test_events;
mod vectors;

use self::{
    http::{Answer, Connection, Request, SECRET, get, now},
    process::{Inspector, refuse, run},
    processes::TIMEOUT,
};

/// The query for a handler that runs until the test ends.
const FOR_EVER: &str = "delay_ms=86400000";

/// Asserts the named fields of a line.
macro_rules! assert_line {
    ($line:expr, $($field:ident: $expected:tt),+ $(,)?) => {
        let line = $line;
        $(assert_eq!(line[stringify!($field)], serde_json::json!($expected), "{} of {line}", stringify!($field));)+
    };
}
use assert_line;
