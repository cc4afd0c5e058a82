//! Result files: tab-separated tables with a header that describes the machine and the versions.

use std::{collections::HashMap, fmt::Display, fs, path::PathBuf, process::Command};

/// The options of a run.
pub struct Run {
    /// Runs a few rounds only, and writes nothing.
    pub is_quick: bool,
    /// Runs only the groups whose names contain all of these words. If there are any words, the run
    /// writes nothing.
    pub wanted: Vec<String>,
}

impl Run {
    pub fn new(arguments: impl Iterator<Item = String>) -> Self {
        let (options, wanted): (Vec<_>, Vec<_>) = arguments.partition(|it| it.starts_with('-'));
        Self { is_quick: options.iter().any(|option| option == "--quick"), wanted }
    }

    pub fn wants(&self, name: &str) -> bool {
        self.wanted.iter().all(|word| name.contains(word))
    }

    pub fn rounds(&self, full: usize) -> usize {
        if self.is_quick { 3 } else { full }
    }

    fn is_kept(&self) -> bool {
        !self.is_quick && self.wanted.is_empty()
    }
}

pub struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(name: &'static str, columns: &'static [&'static str]) -> Self {
        println!("{}", columns.join("\t"));
        Self { name, columns, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: &[&dyn Display]) {
        let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
        assert_eq!(cells.len(), self.columns.len());
        println!("{}", cells.join("\t"));
        self.rows.push(cells);
    }

    /// Writes the file, unless the run was quick or partial.
    pub fn keep(&self, run: &Run) {
        if !run.is_kept() {
            return;
        }
        let mut text: String = facts().iter().map(|(name, value)| format!("# {name}\t{value}\n")).collect();
        for row in std::iter::once(self.columns.join("\t")).chain(self.rows.iter().map(|row| row.join("\t")))
        {
            text += &row;
            text.push('\n');
        }
        let path = path(self.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A table read from its file.
pub struct Kept {
    pub facts: HashMap<String, String>,
    pub rows: Vec<HashMap<String, String>>,
}

impl Kept {
    pub fn read(name: &str) -> Self {
        let path = path(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (facts, lines): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("# "));
        let fact =
            |line: &str| line[2..].split_once('\t').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let columns: Vec<&str> = lines[0].split('\t').collect();
        let row = |line: &&str| {
            columns.iter().zip(line.split('\t')).map(|(c, v)| (c.to_string(), v.to_owned())).collect()
        };
        Self {
            facts: facts.into_iter().filter_map(fact).collect(),
            rows: lines[1..].iter().map(row).collect(),
        }
    }

    /// Returns the cell of the first row whose other cells match `of`.
    pub fn cell(&self, column: &str, of: &[(&str, &str)]) -> Option<&str> {
        let row = self.rows.iter().find(|row| of.iter().all(|(name, value)| row[*name] == *value));
        row.map(|row| row[column].as_str())
    }

    pub fn number(&self, column: &str, of: &[(&str, &str)]) -> Option<f64> {
        self.cell(column, of)?.parse().ok()
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("results").join(name).with_extension("tsv")
}

/// Returns the date, the commit, the machine and the versions.
fn facts() -> Vec<(&'static str, String)> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = |key: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, value)| value).to_owned()
    };
    let hashes =
        if cpu("flags").split(' ').any(|flag| flag == "sha_ni") { "with SHA-NI" } else { "without SHA-NI" };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(2).collect::<Vec<_>>().join(" and ");
    vec![
        ("date", output("date", &["-u", "+%F %H:%M UTC"])),
        ("commit", output("git", &["describe", "--always", "--dirty", "--exclude=*"])),
        ("machine", format!("{}, {hashes}, {cores} cores, {}", cpu("model name"), output("uname", &["-sm"]))),
        ("load", format!("{load} (the last 1 and 5 minutes, this run included)")),
        ("rustc", output("rustc", &["-V"])),
        ("versions", versions().join(", ")),
    ]
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
    let lock = include_str!("../Cargo.lock");
    let mut packages = Vec::new();
    for package in lock.split("[[package]]\n").skip(1) {
        let field =
            |name: &str| package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        let [name, version] = ["name", "version"].map(|it| field(it).unwrap_or_default().trim_matches('"'));
        if MEASURED.contains(&name) {
            packages.push(format!("{name} {version}"));
        }
    }
    packages
}
