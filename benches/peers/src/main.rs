//! The program for `cargo run --release -- PART`: see `README.md`.

mod http;
mod layer;
mod servers;
mod store;
mod wrk;

use std::{env, process::ExitCode};

use peers::print::machine;

fn main() -> ExitCode {
    let measure = match env::args().nth(1).as_deref() {
        Some("layer") => layer::measure,
        Some("store") => store::measure,
        Some("http") => http::measure,
        Some("wrk") => wrk::measure,
        _ => {
            eprintln!(
                "usage: peers layer|store|http|wrk [--quick]; allocations and copies are separate programs"
            );
            return ExitCode::FAILURE;
        }
    };
    machine();
    measure();
    ExitCode::SUCCESS
}
