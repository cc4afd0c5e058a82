//! `CONTRIBUTING.md` gives a reason for each dependency that users get, and the crate has no build script.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

const CONTRIBUTING: &str = include_str!("../CONTRIBUTING.md");

fn package() -> Value {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    metadata["packages"].as_array().unwrap().iter().find(|it| it["name"] == "tower-webhook").unwrap().clone()
}

fn dependencies(optional: bool) -> BTreeSet<String> {
    let package = package();
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    let wanted = dependencies.filter(|it| it["kind"].is_null() && it["optional"] == optional);
    wanted.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// Returns the names in backticks in a part of the section on dependencies.
fn named(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn section() -> (&'static str, &'static str) {
    let (_, section) = CONTRIBUTING.split_once("\n## Dependencies\n").unwrap();
    let (list, _) = section.split_once("A new dependency").unwrap();
    list.split_once("With a feature:").unwrap()
}

#[test]
fn each_dependency_of_the_default_build_has_its_reason() {
    assert_eq!(named(section().0), dependencies(false));
}

#[test]
fn each_dependency_of_a_feature_has_its_reason() {
    assert_eq!(named(section().1), dependencies(true));
}

#[test]
fn there_is_no_build_script() {
    for target in package()["targets"].as_array().unwrap() {
        assert!(!target["kind"].as_array().unwrap().contains(&"custom-build".into()), "{}", target["name"]);
    }
}
