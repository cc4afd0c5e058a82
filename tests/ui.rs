//! What the compiler says to the likeliest mistakes. Each file in `ui/` makes one, and names above it
//! what must be said: the errors' codes, any of several parted by `|`, and texts that must occur.
//! No more is compared, since every release of the compiler words and lays out its own part anew.
//!
//! One without such lines must compile.
//!
//! `UI=name cargo test --test ui -- --nocapture` shows what is said to one of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

/// A crate of a user's. The versions are those of this crate's lock file.
const MANIFEST: &str = r#"
[package]
name = "ui"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
axum = { version = "0.8", default-features = false }
http = "1"
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
tower = { version = "0.5", features = ["util"] }
tower-webhook = { path = "ROOT", features = ["axum"] }
"#;

#[test]
fn mistakes_are_answered_with_what_to_do_instead() {
    let cases = cases();
    assert!(cases.len() > 10, "only {} cases", cases.len());
    let said = check(&cases);
    let mut wrong = Vec::new();
    for (name, source) in &cases {
        let expected: Vec<_> = source.lines().filter_map(|line| line.strip_prefix("//~ ")).collect();
        let errors = said.get(name).map_or(&[][..], |errors| errors);
        if let Err(reason) = is_as_expected(&expected, errors) {
            let all: String = errors.iter().map(|error| &*error.rendered).collect();
            wrong.push(format!("{name}: {reason}\n{all}"));
        }
        if env::var("UI").is_ok_and(|only| only == *name) {
            errors.iter().for_each(|error| println!("{}", error.rendered));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first line says which errors there may be: then it fails for the mistake, and for no other.
fn is_as_expected(expected: &[&str], errors: &[Diagnostic]) -> Result<(), String> {
    let Some((codes, texts)) = expected.split_first() else {
        return if errors.is_empty() { Ok(()) } else { Err("it should compile".to_owned()) };
    };
    if errors.is_empty() {
        return Err("it compiles".to_owned());
    }
    let is_expected = |error: &Diagnostic| codes.split('|').any(|code| error.code() == code);
    if let Some(other) = errors.iter().find(|error| !is_expected(error)) {
        return Err(format!("there is another error: {}", other.code()));
    }
    let said: String = errors.iter().map(|error| &*error.rendered).collect();
    // Lines are broken where the terminal's are; codes stand between an error and its message.
    let said = said.replace(&format!("error[{}]", errors[0].code()), "error");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match texts.iter().find(|text| !said.contains(text.trim())) {
        Some(missing) => Err(format!("it is not said: {missing}")),
        None => Ok(()),
    }
}

/// The files' names without their ending, and what is in them.
fn cases() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let case = |path: PathBuf| {
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
    };
    paths.map(case).collect()
}

/// Has all of them checked, as the programs of one crate, and returns the errors of each.
fn check(cases: &BTreeMap<String, String>) -> BTreeMap<String, Vec<Diagnostic>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let programs = folder.join("src/bin");
    // Of cases that are there no longer, too.
    let _ = fs::remove_dir_all(&programs);
    fs::create_dir_all(&programs).unwrap();
    for (name, source) in cases {
        fs::write(programs.join(format!("{name}.rs")), source).unwrap();
    }
    fs::write(folder.join("Cargo.toml"), MANIFEST.replace("ROOT", &root.replace('\\', "/"))).unwrap();
    fs::copy(Path::new(root).join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let cargo = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--keep-going", "--message-format=json", "--quiet"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        // Programs that do not compile are not what it is made for.
        .env("CARGO_INCREMENTAL", "0")
        // What the caller has set for its own crate.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    let mut said = BTreeMap::<_, Vec<_>>::new();
    for line in cargo.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let Message { target, message } = serde_json::from_slice(line).unwrap();
        if let (Some(target), Some(message)) = (target, message)
            && message.level == "error"
            && !message.rendered.starts_with("error: aborting")
        {
            said.entry(target.name).or_default().push(message);
        }
    }
    let stderr = String::from_utf8_lossy(&cargo.stderr);
    assert!(!said.is_empty(), "nothing was checked:\n{stderr}");
    // Then no case was checked.
    assert!(!said.contains_key("tower_webhook"), "the crate itself does not compile:\n{stderr}");
    said
}

/// What cargo prints of a compiler's message; its other messages have neither.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: String,
    code: Option<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

impl Diagnostic {
    fn code(&self) -> &str {
        self.code.as_ref().map_or("none", |code| &code.code)
    }
}
