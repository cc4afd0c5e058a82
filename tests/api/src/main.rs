//! Prints the public API that rustdoc's JSON in the file of the first argument is of, an item a line.
//! Types of other crates in it must be of those that the crate promises to keep to.

use std::{collections::BTreeSet, env, error::Error, process::ExitCode};

/// A new major version of one of these is a new one of ours. (`serde_core` is what `serde` re-exports.)
const ALLOWED: [&str; 8] =
    ["bytes", "http", "http_body", "tower_layer", "tower_service", "serde", "serde_core", "tower_webhook"];
/// Each with the feature that brings it.
const ALLOWED_WITH_A_FEATURE: [&str; 3] = ["axum_core", "tonic", "redis"];
const OF_THE_COMPILER: [&str; 3] = ["alloc", "core", "std"];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let json = env::args().nth(1).ok_or("which file?")?;
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map_err(|error| {
            format!("{error}\nIs the compiler another one? Then api/Cargo.toml wants another version.")
        })?;

    let allowed = [&ALLOWED[..], &ALLOWED_WITH_A_FEATURE, &OF_THE_COMPILER].concat();
    let mut foreign = BTreeSet::new();
    for item in api.items() {
        let line = item.to_string();
        // A macro's bounds for `Unpin`, which no user can name.
        if line.contains("pin_project_lite::__private") {
            continue;
        }
        let strangers = crates(&line).filter(|name| !allowed.contains(name));
        foreign.extend(strangers.map(|name| format!("{name}: {line}")));
        println!("{line}");
    }
    for use_of in &foreign {
        eprintln!("a crate that users do not agree on by choosing this one: {use_of}");
    }
    Ok(ExitCode::from(u8::from(!foreign.is_empty())))
}

/// What each path in a line begins with.
fn crates(line: &str) -> impl Iterator<Item = &str> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    line.match_indices("::").filter_map(move |(at, _)| {
        let before = &line[..at];
        let name = before.rfind(|char| !is_name(char)).map_or(before, |end| &before[end + 1..]);
        let begins_there = !before[..at - name.len()].ends_with("::");
        (begins_there && name.starts_with(|char: char| char.is_ascii_lowercase())).then_some(name)
    })
}
