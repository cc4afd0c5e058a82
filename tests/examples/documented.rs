//! The commands in an example's documentation: the one that runs it, and the ones to paste.

use std::{fs, path::Path, process::Command};

use crate::program::Program;

/// The address on which the example listens, according to its documentation.
const ADDRESS: &str = "127.0.0.1:3000";

#[derive(Clone)]
pub struct Documented {
    name: &'static str,
    settings: Vec<(String, String)>,
    arguments: Vec<String>,
    paste: String,
}

/// A response printed by `curl -i`.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub duplicate: bool,
    pub body: String,
}

impl Documented {
    /// Reads the first command that runs the example, and the block that calls it with `curl -i`.
    pub fn of(name: &'static str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = [format!("examples/{name}.rs"), format!("examples/{name}/main.rs")];
        let source = files.iter().find_map(|file| fs::read_to_string(root.join(file)).ok()).unwrap();
        let docs: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//!")).collect();
        let docs =
            docs.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");

        let run = docs.replace("\\\n", " ");
        let run = run.lines().find(|line| line.contains("cargo run")).unwrap();
        let (settings, command) = run.split_once("cargo run").unwrap();
        let settings = settings.split_whitespace().map(|setting| {
            let (name, value) = setting.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        });
        let (options, arguments) = command.split_once(" -- ").unwrap_or((command, ""));
        assert_eq!(option(options, "--example"), Some(name), "{run}");
        assert_features(
            &fs::read_to_string(root.join("Cargo.toml")).unwrap(),
            name,
            option(options, "--features"),
        );

        let mut blocks = docs.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let paste = blocks.find(|block| block.contains("curl -i")).unwrap_or_default();
        Self {
            name,
            settings: settings.collect(),
            arguments: arguments
                .split_whitespace()
                .filter(|word| *word != ADDRESS)
                .map(str::to_owned)
                .collect(),
            paste: paste.to_owned(),
        }
    }

    /// Starts the example as documented, with additional environment variables.
    pub fn start(&self, more: &[(&str, &str)]) -> Program {
        self.start_with(&[], more)
    }

    /// Starts the example like [`start`](Self::start), with additional arguments.
    pub fn start_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Program {
        let documented = self.settings.iter().map(|(name, value)| (&**name, &**value));
        let settings: Vec<_> = documented.chain(more.iter().copied()).collect();
        let mut all: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        all.extend(arguments);
        all.push("127.0.0.1:0");
        Program::start(self.name, &all, &settings)
    }

    /// Returns the documented block.
    pub fn paste(&self) -> &str {
        &self.paste
    }

    /// Runs `commands` with the `deliver` function that the block defines.
    pub fn deliver(&self, address: &str, commands: &str) -> Vec<Answer> {
        let (definition, _) = self.paste.split_once("\n}\n").unwrap();
        let definition: Vec<_> = definition.lines().filter(|line| !line.starts_with("curl")).collect();
        paste(address, &format!("{}\n}}\n{commands}", definition.join("\n")))
    }
}

/// Runs `commands` in a shell against the example at `address`, and returns their output.
pub fn shell(address: &str, commands: &str) -> String {
    for program in ["curl", "openssl"] {
        let installed = Command::new(program).arg("--help").output().is_ok();
        assert!(installed, "this test needs {program} to run the documented commands");
    }
    let commands = commands.replace(ADDRESS, address);
    let output = Command::new("sh").args(["-ec", &commands]).env("no_proxy", "*").output().unwrap();
    assert!(output.status.success(), "{commands}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `commands` and returns their responses.
pub fn paste(address: &str, commands: &str) -> Vec<Answer> {
    let printed = shell(address, commands);
    let answers = printed.split("HTTP/1.1 ").skip(1).map(|answer| {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head[..3].parse().unwrap(),
            duplicate: head.contains("x-webhook-duplicate: true"),
            body: body.to_owned(),
        }
    });
    answers.collect()
}

/// The status of a duplicate in [`statuses`].
pub const DUP: u16 = 2;

/// Returns the statuses of the responses.
pub fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| if answer.duplicate { DUP } else { answer.status }).collect()
}

fn option<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    let mut words = options.split_whitespace().skip_while(|word| *word != name);
    words.nth(1)
}

/// Asserts that the documented features are the required features in `Cargo.toml`.
fn assert_features(manifest: &str, name: &str, documented: Option<&str>) {
    let mut entries = manifest.split("[[").filter(|entry| entry.starts_with("example]]"));
    let entry = entries.find(|entry| entry.contains(&format!("name = \"{name}\"")));
    let required = entry.and_then(|entry| entry.split_once("required-features = [")?.1.split(']').next());
    let required = required.map(|features| features.replace(['"', ' '], ""));
    assert_eq!(documented, required.as_deref(), "features of {name}");
}
