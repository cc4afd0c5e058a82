//! The README's table of providers is the code's.
#![cfg(all(feature = "asymmetric", feature = "jwt"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{env, fs, time::Duration};

use data_encoding::BASE64;
use serde_json::Value;
use tower_webhook::{
    Secret,
    provider::{self, Provider},
};

const BEGIN: &str = "<!-- providers -->\n";
const END: &str = "<!-- /providers -->";

/// Public keys, of which the private ones were never kept.
const RSA: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApMbBXghZYHiEP1DVKc+S
PX9rrcn92F/bx0SpDvEzWqtq62NMqiO1mJq08DVoq13eW+rkJcMjxt/rkPcendN9
8xGAHdjQeF7SQho4tgrFwduOokPaSDZzbdlQknGHpmGX+6ffSpchzJix3yUzD3by
ErT09+DCYgkdDkmtT0JWbzERgD3yILf27YrbxMMZqWZVPADhrCgUR+6SC9/xnArN
mwX90wUEVwfb94qtUMA4Vs7fXy58fOI8MA8/KsGWIgCLqXZwkF3XmOvAtfl0Py5F
ahhrm5GXN6R6ddIQsWWH94CFq+tcoV8jm7GU9/oLNtpfUG/tzRcTCR3lMJSN9oyC
UQIDAQAB
-----END PUBLIC KEY-----";
const P256: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnsM+ujwCemdKXjQdN+67fI3kcnSh
GlLkXWqJDH0m93+IQDKQk/jKsjFoKGTlk3J5IhW4BjEjwi41+Hrz/uOpOA==
-----END PUBLIC KEY-----";

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
    let head = "| id | `provider::` | provider | signature | delivery id | timestamp | waits |\n|---|---|---|---|---|---|---|\n";
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
    let waits = waits(provider).map_or("–".to_owned(), |waits| format!("{} s", waits.as_secs_f64()));
    format!("| `{id}` | `{constructor}` | [{name}]({source}) | {how} | {waits} |\n")
}

/// How long it waits for an answer, where that is known.
fn waits(provider: &Provider) -> Option<Duration> {
    // One of them is a secret or public key as any provider shows it.
    let secrets = ["ab".repeat(32), BASE64.encode(&[7; 32]), RSA.to_owned(), P256.to_owned()];
    let verifier =
        secrets.iter().find_map(|secret| provider.verifier(secret.parse::<Secret>().unwrap()).ok());
    verifier.unwrap_or_else(|| panic!("no secret fits {}", provider.id)).profile().ack_deadline
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
