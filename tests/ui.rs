//! The compiler's errors for likely mistakes. Each file in `ui/` that begins with `//~` lines makes one mistake. The
//! first of these lines lists the codes that the errors may have, separated by `|`; the others are texts that the
//! errors must contain. The rest of the output changes with each release of the compiler, so the usual crates for such
//! tests, which compare all of it, would need new expectations for each. Cargo checks all files in one call.
//!
//! A file without such lines must compile.
//!
//! `UI=name cargo test --test ui -- --nocapture` prints the errors of one file.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

/// The manifest of a user's crate. The versions come from this crate's lock file.
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
sqlx = { version = "0.8", default-features = false }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
tower = { version = "0.5", features = ["util"] }
tower-webhook = { path = "ROOT", features = ["axum", "postgres"] }
"#;

#[test]
fn errors_say_what_to_do_instead() {
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

/// Compares the errors with the expected codes and texts. The codes ensure that a file fails only for its mistake.
fn is_as_expected(expected: &[&str], errors: &[Diagnostic]) -> Result<(), String> {
    let Some((codes, texts)) = expected.split_first() else {
        return if errors.is_empty() { Ok(()) } else { Err("the file should compile".to_owned()) };
    };
    if errors.is_empty() {
        return Err("the file compiles".to_owned());
    }
    let is_expected = |error: &Diagnostic| codes.split('|').any(|code| error.code() == code);
    if let Some(other) = errors.iter().find(|error| !is_expected(error)) {
        return Err(format!("unexpected error: {}", other.code()));
    }
    let said: String = errors.iter().map(|error| &*error.rendered).collect();
    // The output is wrapped at the terminal's width, and has the code between `error` and the message.
    let said = said.replace(&format!("error[{}]", errors[0].code()), "error");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match texts.iter().find(|text| !said.contains(text.trim())) {
        Some(missing) => Err(format!("text is missing in the errors: {missing}")),
        None => Ok(()),
    }
}

/// Returns the contents of the files by their stems.
fn cases() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let case = |path: PathBuf| {
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
    };
    paths.map(case).collect()
}

/// Checks all files as programs of one crate, and returns the errors of each.
fn check(cases: &BTreeMap<String, String>) -> BTreeMap<String, Vec<Diagnostic>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let programs = folder.join("src/bin");
    // This also removes the programs of deleted files.
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
        // Incremental compilation does not help programs that fail to compile.
        .env("CARGO_INCREMENTAL", "0")
        // The flags in the environment are for the crate under test and not for these programs.
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
    // If the crate itself fails, none of the files is checked.
    assert!(!said.contains_key("tower_webhook"), "the crate itself does not compile:\n{stderr}");
    said
}

/// A message of cargo. Only messages of the compiler have these fields.
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
