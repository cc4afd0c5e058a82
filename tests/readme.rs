//! The README's table of providers is the code's.
#![cfg(all(feature = "asymmetric", feature = "jwt"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{env, fs};

use serde_json::Value;
use tower_webhook::provider::{self, Provider};

const BEGIN: &str = "<!-- providers -->\n";
const END: &str = "<!-- /providers -->";

#[test]
fn the_table_of_providers_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let current = format!("{before}{BEGIN}{}{END}{after}", table());
    if env::var_os("UPDATE_README").is_some() {
        fs::write(path, &current).unwrap();
    } else {
        assert!(readme == current, "run this test with UPDATE_README=1");
    }
}

fn table() -> String {
    let mut rows: Vec<String> = provider::all().map(row).collect();
    rows.sort();
    let count = rows.len();
    let head =
        "| id | `provider::` | provider | signature | delivery id | timestamp |\n|---|---|---|---|---|---|\n";
    format!("{count} of them.\n\n{head}{}", rows.concat())
}

fn row(provider: &Provider) -> String {
    let Provider { id, constructor, name, source, .. } = provider;
    let how = match provider.scheme() {
        Some(scheme) => how(&serde_json::to_value(scheme).unwrap()),
        None => "see its documentation | |".to_owned(),
    };
    // A pipe would end the cell.
    let how = how.replace("|{", "\\|{");
    format!("| `{id}` | `{constructor}` | [{name}]({source}) | {how} |\n")
}

/// Signature, id and timestamp, as the scheme says them.
fn how(scheme: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let algorithm = text(&scheme["alg"]).unwrap();
    let signed = match &scheme["template"] {
        _ if ["token", "basic"].contains(&&*algorithm) => String::new(),
        Value::String(template) => format!(" of `{}`", template.escape_default()),
        templates => {
            let templates = templates.as_object().unwrap().values();
            let templates: Vec<_> =
                templates.map(|template| format!("`{}`", template.as_str().unwrap())).collect();
            format!(" of {}", templates.join(" or "))
        }
    };
    let id = text(&scheme["id"]).map_or("–".to_owned(), |id| format!("`{id}`"));
    let timestamp = match &scheme["ts"] {
        Value::Null => "–".to_owned(),
        ts => {
            let tolerance =
                |side: &str| ts[side].as_u64().map_or("any".to_owned(), |seconds| format!("{seconds} s"));
            format!(
                "`{}`, past {}, future {}",
                text(&ts["from"]).unwrap(),
                tolerance("past"),
                tolerance("future")
            )
        }
    };
    format!("{algorithm}{signed} | {id} | {timestamp}")
}
