//! The program for `cargo run --release -- PART`: see the library's documentation.

mod draw;
mod http;
mod layer;
mod servers;
mod store;
mod wrk;

use std::{env, process::ExitCode};

use peers::results::Run;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let part = arguments.next();
    let run = Run::new(arguments);
    match part.as_deref() {
        Some("layer") => layer::measure(&run),
        Some("store") => store::measure(&run),
        Some("http") => http::measure(&run),
        Some("wrk") => wrk::measure(&run),
        Some("draw") => draw::draw(),
        _ => {
            eprintln!("usage: peers layer|store|http|wrk|draw; allocations and copies are separate programs");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
