//! Prints the public API from a file of rustdoc's JSON, one item per line. The first argument is the path of the file.
//!
//! Fails if the API contains types of crates that are not in the allowed lists.

use std::{collections::BTreeSet, env, error::Error, process::ExitCode};

/// Crates whose types may be public. A new major version of any of them requires a new major version of this crate.
/// (`serde` re-exports `serde_core`.)
const ALLOWED: [&str; 8] =
    ["bytes", "http", "http_body", "tower_layer", "tower_service", "serde", "serde_core", "tower_webhook"];
/// Crates whose types may be public with the feature that enables them.
const ALLOWED_WITH_A_FEATURE: [&str; 5] = ["axum_core", "tonic", "redis", "sqlx_core", "sqlx_postgres"];
/// Lines that follow from the `impl` of a trait of the standard library.
const IMPLIED: [&str; 6] = [
    "::fmt(&self",
    "::clone(&self)",
    "::eq(&self",
    "::hash<",
    "::default() ->",
    "core::marker::StructuralPartialEq",
];
const OF_THE_COMPILER: [&str; 3] = ["alloc", "core", "std"];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let json = env::args().nth(1).ok_or("the path of rustdoc's JSON is missing")?;
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map_err(|error| {
            format!("{error}\nIf the compiler has changed, set the matching version of `public-api` in tests/api/Cargo.toml.")
        })?;

    let allowed = [&ALLOWED[..], &ALLOWED_WITH_A_FEATURE, &OF_THE_COMPILER].concat();
    let mut foreign = BTreeSet::new();
    for item in api.items() {
        let line = item.to_string();
        // Skip `pin_project_lite`'s bounds for `Unpin`, which users cannot name.
        if line.contains("pin_project_lite::__private") || IMPLIED.iter().any(|part| line.contains(part)) {
            continue;
        }
        let unexpected = crates(&line).filter(|name| !allowed.contains(name));
        foreign.extend(unexpected.map(|name| format!("{name}: {line}")));
        println!("{line}");
    }
    for use_of in &foreign {
        eprintln!("type of a crate that is not allowed in the public API: {use_of}");
    }
    Ok(ExitCode::from(u8::from(!foreign.is_empty())))
}

/// Returns the first segment of each path in a line.
fn crates(line: &str) -> impl Iterator<Item = &str> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    line.match_indices("::").filter_map(move |(at, _)| {
        let before = &line[..at];
        let name = before.rfind(|char| !is_name(char)).map_or(before, |end| &before[end + 1..]);
        let begins_there = !before[..at - name.len()].ends_with("::");
        (begins_there && name.starts_with(|char: char| char.is_ascii_lowercase())).then_some(name)
    })
}
