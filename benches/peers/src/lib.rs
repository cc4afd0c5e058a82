//! Benchmarks of `tower-webhook` and comparable crates. `README.md` has the results, and says how to repeat them.
//!
//! Each program measures everything that it compares in one run, and prints the tables of `README.md`.
//! Allocations are counted separately, because counting affects timings.
//!
//! No request makes a peer hang or abort: bodies have the announced length, and they end.

pub mod contender;
#[path = "../../common/delivery.rs"]
pub mod delivery;
#[path = "../../common/floor.rs"]
pub mod floor;
pub mod memory_store;
pub mod print;
pub mod rounds;
pub mod tables;
