//! Benchmarks of `tower-webhook` and comparable crates.
//!
//! ```text
//! cargo run --release -- layer             # time per delivery, in process
//! cargo run --release --bin allocations    # allocations per delivery, and memory per stored id
//! cargo run --release --bin copies         # bytes copied per delivery, counted by valgrind
//! cargo run --release -- store             # the memory store, small and large; two threads
//! cargo run --release -- http              # over loopback, with the benchmark's own sender
//! cargo run --release -- wrk               # over loopback, sent by wrk
//! cargo run --release -- draw              # the tables and the picture in benches/README.md
//! ```
//!
//! Each command measures everything that it compares in one run. All commands but `draw` write to `results/`,
//! with the machine and the versions. `--quick` runs a few rounds and writes nothing. Allocations are counted
//! separately, because counting affects timings.
//!
//! No request makes a peer hang or abort: bodies have the announced length, and they end.

pub mod contender;
pub mod delivery;
pub mod groups;
pub mod results;
pub mod rounds;
