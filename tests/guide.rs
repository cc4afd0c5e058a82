//! The guide's chapter on troubleshooting contains every text that an operator, a client or the author of a test may
//! see, so that a search for the text finds it.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The code that precedes the text of a reason.
const REASONS: [&str; 9] = [
    "missing(",
    "malformed(",
    "wrong(",
    "unavailable(",
    "InvalidSecret::new(",
    "InvalidScheme::new(",
    "InvalidLocation::new(",
    "CannotSign::new(",
    "ConnectError::invalid(",
];

#[test]
fn every_reason_is_in_the_chapter_on_troubleshooting() {
    let mut reasons = BTreeSet::new();
    for path in sources(&root().join("src")) {
        let source = code(&path);
        for opening in REASONS {
            reasons.extend(texts(&source, opening));
        }
        if path.ends_with("scheme/place.rs") {
            reasons.extend(texts(&source, "=> "));
        }
    }
    assert!(reasons.len() > 100, "only {} reasons were found", reasons.len());
    assert_in_the_chapter(&reasons);
}

#[test]
fn every_rejection_is_in_the_chapter_on_troubleshooting() {
    let source = code(&root().join("src/rejection/kind.rs"));
    let mut said = BTreeSet::new();
    for opening in ["Row::new(", "Row::later("] {
        for rest in after(&source, opening) {
            let (name, rest) = literal(rest).unwrap();
            let (text, _) = literal(rest.strip_prefix(',').unwrap()).unwrap();
            said.extend([format!("`{name}`"), format!("`{text}`")]);
        }
    }
    assert!(said.len() > 20, "only {} texts were found", said.len());
    assert_in_the_chapter(&said);
}

#[test]
fn every_constructor_that_needs_a_feature_is_in_the_chapter_on_troubleshooting() {
    let folder = root().join("src/provider");
    let mut gated = Vec::new();
    for (vendor, feature) in features(&code(&folder.join("mod.rs")).replace("mod ", "")) {
        let Ok(source) = fs::read_to_string(folder.join(format!("{vendor}.rs"))) else { continue };
        let names = source.lines().filter_map(constructor).map(str::to_owned);
        gated.extend(names.map(|name| (name, feature.clone())));
    }
    for path in sources(&folder) {
        let all = features(&code(&path)).into_iter();
        gated.extend(all.filter_map(|(row, feature)| Some((constructor(&row)?.to_owned(), feature))));
    }
    assert!(gated.len() > 20, "only {} constructors were found", gated.len());

    let chapter = fs::read_to_string(root().join("src/guide/troubleshooting.md")).unwrap();
    for (name, feature) in gated {
        let row = chapter.lines().find(|line| line.starts_with(&format!("| `{feature}` |")));
        let has_it = row.is_some_and(|row| row.contains(&format!("`{name}`")));
        assert!(has_it, "`{name}` is missing in the chapter's row of `{feature}`");
    }
}

/// Returns the code after each `#[cfg(feature = "…")]`, up to the end of its line or item, and the feature's name.
fn features(source: &str) -> Vec<(String, String)> {
    let gate = |rest: &str| {
        let (feature, rest) = rest.split_once("\")]")?;
        let line = rest.trim_start().lines().next()?;
        let end = if line.contains('"') { line.len() } else { line.find([',', ';'])? };
        Some((line[..end].to_owned(), feature.to_owned()))
    };
    after(source, "#[cfg(feature = \"").filter_map(gate).collect()
}

/// Returns the name of the constructor that a line declares: `github: "github", …` or `pub fn paypal(…`.
fn constructor(line: &str) -> Option<&str> {
    let name = match line.strip_prefix("pub fn ") {
        Some(function) => function.split(['(', '<']).next()?,
        None if !line.contains("\", \"") => return None,
        None => line.trim_start().split_once(": \"")?.0.trim_end_matches(" -> Result"),
    };
    name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_').then_some(name)
}

fn assert_in_the_chapter(texts: &BTreeSet<String>) {
    let chapter = fs::read_to_string(root().join("src/guide/troubleshooting.md")).unwrap();
    let missing: Vec<_> = texts.iter().filter(|text| !chapter.contains(&***text)).collect();
    assert!(missing.is_empty(), "missing in the chapter: {missing:#?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the source files below `folder`, except the guide.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| match path.is_dir() {
        true if path.ends_with("guide") => Vec::new(),
        true => sources(&path),
        false => vec![path],
    };
    paths.flat_map(below).filter(|path| path.extension().is_some_and(|kind| kind == "rs")).collect()
}

/// Returns a file's code without comments and tests.
fn code(path: &Path) -> String {
    let source = fs::read_to_string(path).unwrap();
    let code = source.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn after<'s>(source: &'s str, opening: &str) -> impl Iterator<Item = &'s str> {
    source.match_indices(opening).map(move |(at, opening)| &source[at + opening.len()..])
}

/// Returns the string literals that follow `opening`, with `…` for each placeholder.
fn texts(source: &str, opening: &str) -> Vec<String> {
    let text = |rest: &str| {
        let rest = rest.trim_start();
        match rest.strip_prefix("format!(") {
            Some(rest) => literal(rest).map(|(text, _)| without_values(&text)),
            None => literal(rest).map(|(text, _)| text),
        }
    };
    after(source, opening).filter_map(text).collect()
}

/// Returns the string literal at the beginning of `code`, and the rest.
fn literal(code: &str) -> Option<(String, &str)> {
    let code = code.trim_start().strip_prefix('"')?;
    let mut text = String::new();
    let mut chars = code.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((text, &code[at + 1..])),
            '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            char => text.push(char),
        }
    }
    None
}

fn without_values(format: &str) -> String {
    let (mut text, mut within) = (String::new(), false);
    for char in format.replace("{{", "\u{1}").replace("}}", "\u{2}").chars() {
        match char {
            '{' => {
                text.push('…');
                within = true;
            }
            '}' => within = false,
            '\u{1}' => text.push('{'),
            '\u{2}' => text.push('}'),
            char if !within => text.push(char),
            _ => {}
        }
    }
    text
}
