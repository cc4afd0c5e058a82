//! Each constructor's documentation states the facts that its code has, in the same words and order.
//!
//! With `UPDATE_PROVIDER_DOCS=1` the test writes them anew. What stands behind a fact's sentence in the same line
//! is written by hand and kept, as are the lines without a fact.
#![cfg(all(feature = "asymmetric", feature = "jwt"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::{env, fs, path::Path};

use serde_json::Value;
use tower_webhook::{
    provider::{self, Provider, SecretFormat},
    verify::{Location, Profile},
};

/// The labels in their order. Lines with other labels, or with none, follow.
const LABELS: [&str; 11] = [
    "Secret",
    "Signed content",
    "Delivery id",
    "Event type",
    "Timestamp",
    "Retries",
    "Acknowledge within",
    "Body limit",
    "Handshake",
    "Batches",
    "Not covered",
];

/// The place of a sentence that was not written yet.
const MARK: &str = "@@";

#[test]
fn each_constructor_documents_its_facts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider");
    let update = env::var_os("UPDATE_PROVIDER_DOCS").is_some();
    let mut outdated = Vec::new();
    let mut count = 0;
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let current = rewritten(&text, &mut count);
        if update {
            fs::write(&path, &current).unwrap();
        }
        if text != current {
            let differs = current.lines().find(|line| !text.contains(line)).unwrap_or("its order");
            outdated.push(format!("{}: {differs}", path.display()));
        }
        assert!(!current.contains(MARK), "{}: a line has no fact to state", path.display());
    }
    assert_eq!(count, constructed().count());
    assert!(update || outdated.is_empty(), "run with UPDATE_PROVIDER_DOCS=1:\n{}", outdated.join("\n"));
}

/// The providers with a constructor of their own.
fn constructed() -> impl Iterator<Item = &'static Provider> {
    provider::all().filter(|provider| provider.alias_of().is_none())
}

/// The constructor that is documented before this line: of a row, or of a function that fetches keys.
fn documented(line: &str) -> Option<&'static Provider> {
    let row = line.strip_prefix("    ").and_then(|line| line.split_once(": \""));
    let row = row.map(|(name, _)| name.trim_end_matches(" -> Result"));
    let function = line.strip_prefix("pub fn ").and_then(|line| line.split(['(', '<']).next());
    constructed()
        .find(|provider| Some(provider.constructor) == if provider.fetches_keys() { function } else { row })
}

/// The file with the documentation of its constructors written anew.
fn rewritten(text: &str, count: &mut usize) -> String {
    let mut written = Vec::new();
    let mut block = Vec::new();
    for line in text.lines() {
        if line.starts_with("    ///") || line.starts_with("///") {
            block.push(line);
            continue;
        }
        if line.starts_with("    #[cfg(") && !block.is_empty() {
            block.push(line);
            continue;
        }
        match documented(line) {
            Some(provider) if !block.is_empty() => {
                *count += 1;
                let (docs, gates): (Vec<&str>, _) =
                    block.drain(..).partition(|line| line.trim_start().starts_with("///"));
                written.extend(documentation(provider, &docs));
                written.extend(gates.into_iter().map(str::to_owned));
            }
            _ => written.extend(block.drain(..).map(str::to_owned)),
        }
        written.push(line.to_owned());
    }
    written.join("\n") + "\n"
}

fn documentation(provider: &Provider, docs: &[&str]) -> Vec<String> {
    let text: Vec<_> =
        docs.iter().map(|line| line.trim_start().trim_start_matches("///").trim_end()).collect();
    let text = text.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");
    // A function's examples and sources follow.
    let bullets_end = text.find("\n* ").and_then(|start| Some(start + text[start..].find("\n\n")?));
    let (text, rest) = text.split_at(bullets_end.unwrap_or(text.len()));
    let mut parts = text.split("\n* ");
    let mut paragraphs: Vec<_> = parts.next().unwrap().split("\n\n").map(unwrapped).collect();
    let mut bullets: Vec<_> = parts.map(unwrapped).collect();

    let profile = provider.profile();
    let scheme = provider.scheme().map(|scheme| serde_json::to_value(scheme).unwrap());
    if let Some(scheme) = &scheme {
        paragraphs[0] = first_line(scheme);
    }
    for (label, fact) in facts(&profile, scheme.as_ref()) {
        let opening = format!("{label}: ");
        match bullets.iter_mut().find(|bullet| bullet.starts_with(&opening)) {
            Some(bullet) => {
                let rest = &bullet[opening.len()..];
                let by_hand = rest.split_once(if rest.starts_with(MARK) { MARK } else { ". " });
                let by_hand = by_hand.map_or("", |(_, by_hand)| by_hand.trim_start());
                *bullet = format!("{label}: {fact} {by_hand}").trim_end().to_owned();
            }
            None => bullets.push(format!("{label}: {fact}")),
        }
    }
    document_secret(provider, &mut bullets);
    let has = |label: &str| bullets.iter().any(|bullet| bullet.starts_with(label));
    assert!(!provider.has_handshake() || has("Handshake: "), "{}: no line on its handshake", provider.id);
    bullets.sort_by_key(|bullet| {
        let label = bullet.split_once(':').map_or("", |(label, _)| label);
        LABELS.iter().position(|known| *known == label).unwrap_or(LABELS.len())
    });

    let mut lines = Vec::new();
    for paragraph in paragraphs.iter().filter(|paragraph| !paragraph.is_empty()) {
        wrap(&mut lines, "", "", paragraph);
        lines.push(String::new());
    }
    bullets.iter().for_each(|bullet| wrap(&mut lines, "* ", "  ", bullet));
    lines.extend(rest.lines().skip(1).map(str::to_owned));
    let indent = if provider.fetches_keys() { "" } else { "    " };
    lines.into_iter().map(|line| format!("{indent}/// {line}").trim_end().to_owned()).collect()
}

/// Adds the line on the secret, or checks the one that is written by hand.
fn document_secret(provider: &Provider, bullets: &mut Vec<String>) {
    let (fact, word) = match provider.secret_format() {
        None => return,
        Some(SecretFormat::Credentials) => ("`user:password`.", "user:password"),
        Some(SecretFormat::Hex) => ("hex.", "hex"),
        Some(SecretFormat::Base64) => ("base64.", "base64"),
        Some(SecretFormat::Base64Url) => ("URL-safe base64.", "base64"),
        Some(SecretFormat::PublicKey) => ("the public key.", "key"),
        Some(_) => ("the text as it stands.", ""),
    };
    match bullets.iter().find(|bullet| bullet.starts_with("Secret: ")) {
        Some(bullet) => assert!(bullet.contains(word), "{}: `{bullet}` is not {word}", provider.id),
        None => bullets.push(format!("Secret: {fact}")),
    }
}

fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn wrap(lines: &mut Vec<String>, first: &str, indent: &str, text: &str) {
    const WIDTH: usize = 105;
    let mut line = first.to_owned();
    for word in text.split(' ') {
        let is_empty = line.trim_matches(['*', ' ']).is_empty();
        if !is_empty && line.chars().count() + word.chars().count() > WIDTH {
            lines.push(line.trim_end().to_owned());
            line = indent.to_owned();
        }
        line = line + word + " ";
    }
    lines.push(line.trim_end().to_owned());
}

/// How the provider signs, in a sentence.
fn first_line(scheme: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let header = |place: &str| match place.split_once(':') {
        Some(_) => format!("`{place}`"),
        None => {
            let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
            format!("`{}`", place.split('-').map(capital).collect::<Vec<_>>().join("-"))
        }
    };
    let sig = &scheme["sig"];
    let place = match &sig["from"] {
        Value::String(place) => header(place),
        places => {
            let places = places.as_array().unwrap().iter().map(|place| header(place.as_str().unwrap()));
            places.collect::<Vec<_>>().join(" or ")
        }
    };
    let algorithm = match &*text(&scheme["alg"]).unwrap() {
        "token" => return format!("The secret itself in {place}."),
        "basic" => return format!("HTTP Basic credentials in {place}."),
        "hash-sha1" => "SHA-1".to_owned(),
        "hash-sha256" => "SHA-256".to_owned(),
        "ed25519" => "Ed25519".to_owned(),
        other => other.to_uppercase(),
    };
    let code = |template: &str| match template {
        "{body}" => "the body".to_owned(),
        _ => format!("`{}`", template.escape_default()),
    };
    let signed = match &scheme["template"] {
        Value::String(template) => code(template),
        versions => {
            let versions = versions.as_object().unwrap().values();
            versions.map(|template| code(template.as_str().unwrap())).collect::<Vec<_>>().join(" or ")
        }
    };
    let encoding = match &*text(&sig["enc"]).unwrap() {
        "base64url" => "URL-safe base64".to_owned(),
        other => other.to_owned(),
    };
    let prefix = match sig["prefix"].as_str().unwrap_or_default() {
        "" => String::new(),
        prefix if sig["prefix_optional"] == true => format!(" after an optional `{prefix}`"),
        prefix => format!(" after `{prefix}`"),
    };
    format!("{algorithm} of {signed} in {place}, {encoding}{prefix}.")
}

/// The facts that are known, each with its label, as sentences that end with their only full stop.
fn facts(profile: &Profile, scheme: Option<&Value>) -> Vec<(&'static str, String)> {
    let signed = |signed: bool| if signed { "signed" } else { "**not signed**" };
    let mut facts = Vec::new();
    let places = |places: &[Location]| {
        places.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join(" or ")
    };
    match profile.id() {
        // A verifier that is written by hand may find one where no place says it.
        [] if scheme.is_some() => facts.push(("Delivery id", "none.".to_owned())),
        [] => {}
        id => facts.push(("Delivery id", format!("{}, {}.", places(id), signed(profile.id_signed())))),
    }
    if !profile.event_type().is_empty() {
        let is_signed = signed(profile.event_type_signed());
        facts.push(("Event type", format!("{}, {is_signed}.", places(profile.event_type()))));
    }
    if let Some(ts) = scheme.map(|scheme| &scheme["ts"]).filter(|ts| !ts.is_null()) {
        let from = ts["from"].as_str().unwrap();
        let past = ts["past"].as_u64().map_or("any age".to_owned(), |past| format!("{past} s into the past"));
        facts.push(("Timestamp", format!("`{from}`; {past} and {} s into the future.", ts["future"])));
    }
    let remembered = profile.dedupe_window().map(|window| match window.as_secs() {
        86_400 => "1 day".to_owned(),
        secs if secs % 86_400 == 0 => format!("{} days", secs / 86_400),
        secs => format!("{} hours", secs / 3600),
    });
    let retries = profile.retries().map(|retries| if retries { "yes" } else { "**never**" });
    match (retries, remembered) {
        (None, None) => {}
        (Some(retries), None) => facts.push(("Retries", format!("{retries}."))),
        (None, Some(remembered)) => {
            facts.push(("Retries", format!("not known; deduplicated for {remembered}.")));
        }
        (Some(retries), Some(remembered)) => {
            facts.push(("Retries", format!("{retries}; deduplicated for {remembered}.")));
        }
    }
    if let Some(deadline) = profile.ack_deadline() {
        facts.push(("Acknowledge within", format!("{} ms.", deadline.as_millis()).replace("000 ms", " s")));
    }
    if let Some(limit) = profile.body_limit() {
        let limit = match limit {
            limit if limit % (1024 * 1024) == 0 => format!("{} MiB", limit / (1024 * 1024)),
            limit if limit % 1024 == 0 => format!("{} KiB", limit / 1024),
            limit => format!("{limit} bytes"),
        };
        facts.push(("Body limit", format!("{limit}.")));
    }
    if profile.batch() {
        facts.push(("Batches", "one body can carry several events.".to_owned()));
    }
    facts
}
