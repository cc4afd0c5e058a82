//! Markdown tables, and the description of the machine.

use std::{fs, process::Command};

/// Returns the number of rounds: `full`, or a few with the option `--quick`.
pub fn rounds(full: usize) -> usize {
    if std::env::args().any(|argument| argument == "--quick") { 3 } else { full }
}

pub fn head(title: &str, columns: &[&str]) {
    println!("\n| {title} | {} |\n|---|{}", columns.join(" | "), "---|".repeat(columns.len()));
}

pub fn row(label: &str, cells: impl IntoIterator<Item = String>) {
    println!("| {label} | {} |", cells.into_iter().collect::<Vec<_>>().join(" | "));
}

/// Returns the cell of each column that has a value, and a dash for each other column.
pub fn cells(columns: &[&str], mut cell: impl FnMut(&str) -> Option<String>) -> Vec<String> {
    columns.iter().map(|column| cell(column).unwrap_or_else(|| "–".to_owned())).collect()
}

pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e5 => format!("{:.2} µs", nanoseconds / 1e3),
        ..1e6 => format!("{:.0} µs", nanoseconds / 1e3),
        _ => format!("{:.2} ms", nanoseconds / 1e6),
    }
}

pub fn bytes(count: f64) -> String {
    match count {
        ..1e4 => format!("{count:.0} B"),
        ..1e6 => format!("{:.1} KiB", count / 1024.0),
        _ => format!("{:.2} MiB", count / 1024.0 / 1024.0),
    }
}

/// Prints the machine, the versions, the date, the commit and the load.
pub fn machine() {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = |key: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, value)| value)
    };
    let sha = if cpu("flags").split(' ').any(|flag| flag == "sha_ni") { "with" } else { "without" };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "On {}, {sha} SHA-NI, {cores} cores, {}, {}; {}. Measured on {}, at commit {}; \
         the load of the last minute was {}.",
        cpu("model name"),
        output("uname", &["-sm"]),
        output("rustc", &["-V"]),
        versions().join(", "),
        output("date", &["-u", "+%F %H:%M UTC"]),
        output("git", &["describe", "--always", "--dirty", "--exclude=*"]),
        load.split(' ').next().unwrap_or_default(),
    );
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// Returns the locked versions of the measured crates.
fn versions() -> Vec<String> {
    const MEASURED: [&str; 13] = [
        "axum",
        "axum-github-webhook-extract",
        "hmac",
        "hyper",
        "moka",
        "serde_json",
        "sha2",
        "standardwebhooks",
        "svix",
        "tokio",
        "tower-github-webhook",
        "tower-webhook",
        "webhook-verify",
    ];
    let mut versions = Vec::new();
    for package in include_str!("../Cargo.lock").split("[[package]]\n").skip(1) {
        let field =
            |name: &str| package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        let [name, version] = ["name", "version"].map(|it| field(it).unwrap_or_default().trim_matches('"'));
        if MEASURED.contains(&name) {
            versions.push(format!("{name} {version}"));
        }
    }
    versions
}
