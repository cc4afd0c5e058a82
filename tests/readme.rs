//! The README's table of providers is the code's, and so are the guide's.
#![cfg(all(feature = "asymmetric", feature = "jwt"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use data_encoding::BASE64;
use serde_json::Value;
use tower_webhook::{
    BoxError, Secret,
    provider::{self, Provider},
    verify::{Fetch, Profile, Verifier},
};

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
    is_up_to_date("README.md", "providers", &table());
    is_up_to_date("README.md", "aliases", &aliases());
}

#[test]
fn the_guide_says_of_providers_what_the_code_does() {
    let profiles = profiles();
    is_up_to_date("src/guide/answers.md", "behaviour", &behaviour(&profiles));
    let uncovered = profiles.iter().filter(|(_, profile)| !profile.body_signed());
    let unsigned = profiles.iter().filter(|(_, profile)| !profile.id().is_empty() && !profile.id_signed());
    let shared = profiles.iter().filter(|(_, profile)| profile.shared_secret());
    is_up_to_date("src/guide/stores.md", "shared-secrets", &links(shared));
    is_up_to_date("src/guide/threats.md", "unsigned-ids", &links(unsigned));
    let has_unsigned_type =
        |profile: &Profile| !profile.event_type().is_empty() && !profile.event_type_signed();
    let unsigned_types: Vec<_> = profiles.iter().filter(|(_, profile)| has_unsigned_type(profile)).collect();
    is_up_to_date("src/guide/threats.md", "unsigned-event-types", &links(unsigned_types.iter().copied()));
    let undocumented: Vec<_> = unsigned_types
        .iter()
        .filter(|(name, _)| !documentation(name).to_lowercase().contains("event type"))
        .collect();
    assert!(
        undocumented.is_empty(),
        "whose event type is not signed, and whose documentation says nothing of it: {undocumented:?}"
    );
    let counts = profiles.iter().filter(|(_, profile)| profile.attempt().is_some());
    is_up_to_date("src/guide/threats.md", "attempts", &links(counts));
    is_up_to_date("src/guide/threats.md", "unsigned-bodies", &links(uncovered));
}

/// Whether what stands between the comments of this name is `current`.
fn is_up_to_date(file: &str, name: &str, current: &str) {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(&format!("<!-- {name} -->\n")).unwrap();
    let (_, after) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    let current = format!("{before}<!-- {name} -->\n{current}<!-- /{name} -->{after}");
    if env::var_os("UPDATE_README").is_some() {
        fs::write(path, &current).unwrap();
    } else {
        assert!(text == current, "{file}: run this test with UPDATE_README=1");
    }
}

/// The providers with a constructor of their own.
fn constructed() -> impl Iterator<Item = &'static Provider> {
    provider::all().filter(|provider| provider.alias_of().is_none())
}

fn table() -> String {
    let mut rows: Vec<String> = constructed().map(|provider| row(provider, &profile(provider))).collect();
    rows.sort();
    let count = rows.len();
    let head = "| id | `provider::` | provider | signature | delivery id | timestamp | waits |\n|---|---|---|---|---|---|---|\n";
    format!("{count} of them.\n\n{head}{}", rows.concat())
}

/// The aliases of each provider that has some.
fn aliases() -> String {
    let of = |provider: &'static Provider| {
        let aliases = provider::all().filter(|alias| alias.alias_of().is_some_and(|of| of.id == provider.id));
        let mut links: Vec<_> =
            aliases.map(|Provider { id, source, .. }| format!("[`{id}`]({source})")).collect();
        links.sort();
        let Provider { name, constructor, .. } = provider;
        (!links.is_empty()).then(|| format!("* {name}, `provider::{constructor}`: {}.\n", links.join(", ")))
    };
    constructed().filter_map(of).collect()
}

fn row(provider: &Provider, profile: &Profile) -> String {
    let Provider { id, constructor, name, source, .. } = provider;
    let how = match provider.scheme() {
        Some(scheme) => how(&serde_json::to_value(scheme).unwrap()),
        None => "see its documentation | |".to_owned(),
    };
    // A pipe would end the cell.
    let how = how.replace("|{", "\\|{");
    let waits = seconds(profile.ack_deadline());
    format!("| `{id}` | `{constructor}` | [{name}]({source}) | {how} | {waits} |\n")
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or("–".to_owned(), |time| format!("{} s", time.as_secs_f64()))
}

/// What is known of it, whatever its secret is.
fn profile(provider: &Provider) -> Profile {
    struct Nothing;

    impl Fetch for Nothing {
        async fn fetch(&self, _: &str, _: usize) -> Result<Bytes, BoxError> {
            Err("nothing is fetched".into())
        }
    }

    let webhook_id: Secret = "a webhook's id".parse().unwrap();
    match provider.id {
        "aws-sns" => return provider::aws_sns(["a topic"], "a subscriber", Nothing).profile().clone(),
        "circle" => return provider::circle(Nothing).profile().clone(),
        "ebay" => return provider::ebay(Nothing).profile().clone(),
        "paypal" => return provider::paypal(webhook_id, Nothing).profile().clone(),
        _ => {}
    }
    // One of them is a secret or public key as any provider shows it.
    let secrets = [
        "ab".repeat(32),
        BASE64.encode(&[7; 32]),
        RSA.to_owned(),
        P256.to_owned(),
        "user:password".to_owned(),
    ];
    let verifier =
        secrets.iter().find_map(|secret| provider.verifier(secret.parse::<Secret>().unwrap()).ok());
    verifier.unwrap_or_else(|| panic!("no secret fits {}", provider.id)).profile().clone()
}

/// Each constructor's name and profile, in the order of the names.
fn profiles() -> Vec<(&'static str, Profile)> {
    let mut profiles: Vec<_> =
        constructed().map(|provider| (provider.constructor, profile(provider))).collect();
    profiles.sort_by_key(|(name, _)| *name);
    profiles
}

/// What a provider does on an answer, where anything is known of that.
fn behaviour(profiles: &[(&str, Profile)]) -> String {
    let rows = profiles.iter().filter_map(|(name, profile)| {
        let (retries, ack_deadline) = (profile.retries(), profile.ack_deadline());
        let (dedupe_window, lease) = (profile.dedupe_window(), profile.lease());
        if retries.is_none() && ack_deadline.is_none() && dedupe_window.is_none() && lease.is_none() {
            return None;
        }
        let again = match retries {
            Some(true) => "yes",
            Some(false) => "**never**",
            None => "–",
        };
        let remembered = dedupe_window.map_or("–".to_owned(), |window| match window.as_secs() / 86_400 {
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        });
        let (waits, lease) = (seconds(ack_deadline), seconds(lease));
        Some(format!("| {} | {again} | {waits} | {remembered} | {lease} |\n", link(name)))
    });
    let head = "| provider | sends again | waits | remembered | lease |\n|---|---|---|---|---|\n";
    format!("{head}{}", rows.collect::<String>())
}

/// A constructor's documentation.
fn documentation(constructor: &str) -> String {
    fn sources(folder: &Path) -> Vec<PathBuf> {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }
    let openings = [
        format!("    {constructor}: \""),
        format!("    {constructor} -> Result: \""),
        format!("pub fn {constructor}("),
    ];
    let provider = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider");
    for source in sources(&provider).into_iter().map(|path| fs::read_to_string(path).unwrap()) {
        let lines: Vec<_> = source.lines().collect();
        let at = lines.iter().position(|line| openings.iter().any(|opening| line.starts_with(&**opening)));
        if let Some(at) = at {
            let is_documentation = |line: &&&str| line.trim_start().starts_with("///");
            let text: Vec<_> = lines[..at].iter().rev().take_while(is_documentation).copied().collect();
            return text.into_iter().rev().collect::<Vec<_>>().join("\n");
        }
    }
    panic!("where is {constructor}?")
}

fn links<'p>(profiles: impl IntoIterator<Item = &'p (&'static str, Profile)>) -> String {
    let names: Vec<_> = profiles.into_iter().map(|(name, _)| link(name)).collect();
    format!("{}.\n", names.join(", "))
}

/// Not by the item's path: without its feature the item is not there, and rustdoc would say so.
fn link(constructor: &str) -> String {
    format!("[`{constructor}`](../../provider/fn.{constructor}.html)")
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
    let id = match &scheme["id"] {
        Value::Null => "–".to_owned(),
        Value::Array(places) => {
            let places: Vec<_> = places.iter().filter_map(text).map(|place| format!("`{place}`")).collect();
            places.join(" or ")
        }
        place => format!("`{}`", text(place).unwrap()),
    };
    let timestamp = match &scheme["ts"] {
        Value::Null => "–".to_owned(),
        ts => {
            let past = ts["past"].as_u64().map_or("any".to_owned(), |seconds| format!("{seconds} s"));
            format!("`{}`, past {past}, future {} s", text(&ts["from"]).unwrap(), ts["future"])
        }
    };
    format!("{algorithm}{signed} | {id} | {timestamp}")
}
