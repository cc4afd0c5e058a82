//! Every public `async` function documents its cancel safety and its errors.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Returns the documentation above the line at `at`.
fn documentation(lines: &[&str], at: usize) -> String {
    let above = lines[..at].iter().rev().map(|line| line.trim());
    let above: Vec<_> = above.take_while(|line| line.starts_with("///") || line.starts_with("#[")).collect();
    above.join("\n")
}

#[test]
fn async_functions_document_cancel_safety_and_errors() {
    let mut found = 0;
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.trim().starts_with("pub async fn"))
        {
            let says = documentation(&lines, at);
            let place = format!("{}:{}: {}", path.display(), at + 1, line.trim());
            assert!(says.contains("# Cancel safety"), "{place}: `# Cancel safety` is missing");
            assert!(!line.contains("Result<") || says.contains("# Errors"), "{place}: `# Errors` is missing");
            found += 1;
        }
    }
    assert!(found >= 7, "only {found} were found");
}
