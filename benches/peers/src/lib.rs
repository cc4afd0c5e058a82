//! `tower-webhook` beside what a user would pick instead, measured in one process and one run.
//!
//! ```text
//! cargo run --release -- layer             # time per delivery, in process
//! cargo run --release --bin allocations    # what a delivery allocates, and a remembered id keeps
//! cargo run --release --bin copies         # what a delivery copies, by valgrind
//! cargo run --release -- store             # the memory store, small and large; two threads
//! cargo run --release -- http              # over loopback, with a sender of its own
//! cargo run --release -- wrk               # over loopback, sent by wrk
//! cargo run --release -- draw              # the tables and the picture in benches/README.md
//! ```
//!
//! Each writes a file in `results/`, with the machine and the versions; `--quick` tries it in a few
//! rounds and writes nothing. Timings do not count allocations, and the other way round.
//!
//! No peer is given what would make it hang or abort: bodies are as long as they say, and end.

pub mod contender;
pub mod delivery;
pub mod groups;
pub mod results;
pub mod rounds;
