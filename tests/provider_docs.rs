//! The documentation of each constructor states the facts in its code, in uniform words and order.
//!
//! With `UPDATE_PROVIDER_DOCS=1`, the test rewrites these facts. It keeps hand-written text: the text that follows a
//! fact in its bullet, and bullets without a fact.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "common/duration.rs"]
mod duration;

use std::{env, fs, path::Path};

use duration::duration;
use serde_json::Value;
use tower_webhook::{
    provider::{self, Provider, SecretFormat},
    verify::{Location, Profile},
};

/// The labels, in order. Bullets with another label or without a label follow.
const LABELS: [&str; 13] = [
    "Signature",
    "Secret",
    "Signed content",
    "Delivery id",
    "Event type",
    "Timestamp",
    "Retries",
    "Deduplication window",
    "Acknowledge within",
    "Body limit",
    "Handshake",
    "Batches",
    "Not covered",
];

/// A placeholder for a generated fact.
const MARK: &str = "@@";

/// Beginnings of hand-written text within a fact's sentence: a source in parentheses, and an exception.
const CONTINUATIONS: [&str; 2] = [" ([", ", unless "];

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
        assert!(!current.contains(MARK), "{}: no fact for a placeholder", path.display());
    }
    assert_eq!(count, constructed().count());
    assert!(update || outdated.is_empty(), "run with UPDATE_PROVIDER_DOCS=1:\n{}", outdated.join("\n"));
}

/// Returns the providers with a constructor of their own.
fn constructed() -> impl Iterator<Item = &'static Provider> {
    provider::all().filter(|provider| provider.alias_of().is_none())
}

/// Returns the provider whose constructor this line declares. A constructor that fetches keys is a function; any other
/// is a row of `providers!`.
fn documented(line: &str) -> Option<&'static Provider> {
    let row = line.strip_prefix("    ").and_then(|line| line.split_once(": \""));
    let row = row.map(|(name, _)| name.trim_end_matches(" -> Result"));
    let function = line.strip_prefix("pub fn ").and_then(|line| line.split(['(', '<']).next());
    constructed()
        .find(|provider| Some(provider.constructor) == if provider.fetches_keys() { function } else { row })
}

/// Returns the file with the documentation of its constructors rewritten.
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
    // Keep the examples and sources after a function's bullets.
    let bullets_end = text.find("\n* ").and_then(|start| Some(start + text[start..].find("\n\n")?));
    let (text, rest) = text.split_at(bullets_end.unwrap_or(text.len()));
    let mut parts = text.split("\n* ");
    let mut paragraphs: Vec<_> = parts.next().unwrap().split("\n\n").map(unwrapped).collect();
    let mut bullets: Vec<_> = parts.map(unwrapped).collect();

    let profile = provider.profile();
    let scheme = provider.scheme().map(|scheme| serde_json::to_value(scheme).unwrap());
    let creates = format!("Creates a verifier for {}", provider.name);
    let fetches = paragraphs[0].strip_prefix(&creates).filter(|rest| rest.starts_with(", "));
    paragraphs[0] = format!("{creates}{}", fetches.unwrap_or("."));
    for (label, fact) in facts(&profile, scheme.as_ref()) {
        let opening = format!("{label}: ");
        match bullets.iter_mut().find(|bullet| bullet.starts_with(&opening)) {
            Some(bullet) => {
                let by_hand = by_hand(&bullet[opening.len()..]);
                let continues = CONTINUATIONS.iter().any(|beginning| by_hand.starts_with(beginning));
                let fact = if continues { fact.trim_end_matches('.') } else { &fact };
                *bullet = format!("{label}: {fact}{by_hand}");
            }
            None => bullets.push(format!("{label}: {fact}")),
        }
    }
    document_secret(provider, &mut bullets);
    let has = |label: &str| bullets.iter().any(|bullet| bullet.starts_with(label));
    assert!(has("Signature: "), "{}: documentation does not describe the signature", provider.id);
    assert!(
        !provider.has_handshake() || has("Handshake: "),
        "{}: documentation does not mention the handshake",
        provider.id
    );
    let states_a_period = |bullet: &&String| {
        bullet.starts_with("Retries: ")
            && [" hour", " day", " minute"].iter().any(|unit| bullet.contains(unit))
    };
    assert!(
        profile.retry_period().is_some() || !bullets.iter().any(|bullet| states_a_period(&bullet)),
        "{}: documentation states a retry period that is not in the facts",
        provider.id
    );
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

/// Returns the hand-written end of a bullet that begins with a fact.
fn by_hand(text: &str) -> &str {
    if let Some(by_hand) = text.strip_prefix(MARK) {
        return by_hand;
    }
    let sentence_end = text.find(". ").map(|end| end + 1);
    let continuations = CONTINUATIONS.iter().filter_map(|beginning| text.find(beginning));
    continuations.chain(sentence_end).min().map_or("", |start| &text[start..])
}

/// Adds the bullet on the secret, or checks a hand-written one.
fn document_secret(provider: &Provider, bullets: &mut Vec<String>) {
    let (fact, word) = match provider.secret_format() {
        None => return,
        Some(SecretFormat::Credentials) => ("`user:password`.", "user:password"),
        Some(SecretFormat::Hex) => ("hex.", "hex"),
        Some(SecretFormat::Base64) => ("base64.", "base64"),
        Some(SecretFormat::Base64Url) => ("URL-safe base64.", "base64"),
        Some(SecretFormat::PublicKey) => ("the public key.", "key"),
        Some(_) => ("text, not decoded.", ""),
    };
    match bullets.iter().find(|bullet| bullet.starts_with("Secret: ")) {
        Some(bullet) => {
            assert!(bullet.contains(word), "{}: `{bullet}` does not contain `{word}`", provider.id);
        }
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

/// Describes the signature in a sentence.
fn signature(scheme: &Value) -> String {
    let place = |place: &str| match place.split_once(':') {
        Some(("query", name)) => format!("the query parameter `{name}`"),
        _ => format!("`{place}`"),
    };
    let sig = &scheme["sig"];
    let place = match &sig["from"] {
        Value::String(from) => place(from),
        from => {
            let places = from.as_array().unwrap().iter().map(|from| place(from.as_str().unwrap()));
            match &*places.collect::<Vec<_>>() {
                // A provider with more than two such headers numbers them.
                [first, _, .., last] => format!("{first} to {last}"),
                places => places.join(" or "),
            }
        }
    };
    let algorithm = match scheme["alg"].as_str().unwrap() {
        "token" => return token("the secret itself", &place),
        "basic" => return token("HTTP Basic credentials", &place),
        "hash-sha1" => "SHA-1".to_owned(),
        "hash-sha256" => "SHA-256".to_owned(),
        "hash-sha512" => "SHA-512".to_owned(),
        "ed25519" => "Ed25519 signature".to_owned(),
        hmac if hmac.starts_with("hmac") => hmac.to_uppercase(),
        public_key => format!("{} signature", public_key.to_uppercase()),
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
    let encoding = match sig["enc"].as_str().unwrap() {
        "base64url" => "URL-safe base64",
        other => other,
    };
    let prefix = match sig["prefix"].as_str().unwrap_or_default() {
        "" => String::new(),
        prefix if sig["prefix_optional"] == true => format!(" with an optional prefix `{prefix}`"),
        prefix => format!(" with the prefix `{prefix}`"),
    };
    format!("{algorithm} of {signed}, as {encoding}{prefix} in {place}.")
}

fn token(sent: &str, place: &str) -> String {
    format!("none: the provider sends {sent} in {place}, so **the body is not protected**.")
}

/// Returns the known facts with their labels. Each fact has one full stop, at its end.
fn facts(profile: &Profile, scheme: Option<&Value>) -> Vec<(&'static str, String)> {
    let signed = |signed: bool| if signed { "signed" } else { "**not signed**" };
    let mut facts = Vec::new();
    let places = |places: &[Location]| {
        places.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join(" or ")
    };
    if let Some(scheme) = scheme {
        facts.push(("Signature", signature(scheme)));
    }
    match profile.id() {
        // A hand-written verifier may find an id although its profile lists no location for an id.
        [] if scheme.is_some() => {
            let equal_bodies = "none; deliveries with equal bodies count as duplicates.";
            let fact = if profile.equal_bodies() { equal_bodies } else { "none." };
            facts.push(("Delivery id", fact.to_owned()));
        }
        [] => {}
        id => facts.push(("Delivery id", format!("{}, {}.", places(id), signed(profile.id_signed())))),
    }
    if !profile.event_type().is_empty() {
        let is_signed = signed(profile.event_type_signed());
        facts.push(("Event type", format!("{}, {is_signed}.", places(profile.event_type()))));
    }
    if let Some(ts) = scheme.map(|scheme| &scheme["ts"]).filter(|ts| !ts.is_null()) {
        let (from, future) = (ts["from"].as_str().unwrap(), &ts["future"]);
        let tolerance = match ts["past"].as_u64() {
            Some(past) if *future == past => format!("tolerance {past} s"),
            Some(past) => format!("tolerance {past} s in the past and {future} s in the future"),
            None => format!(
                "any age unless the layer has a [`tolerance`](crate::WebhookLayer::tolerance), and up to {future} s \
                 in the future"
            ),
        };
        facts.push(("Timestamp", format!("`{from}`; {tolerance}.")));
    }
    if let Some(retries) = profile.retries() {
        let fact = match (retries, profile.retry_period()) {
            (false, _) => "**never**.".to_owned(),
            (true, None) => "yes.".to_owned(),
            (true, Some(period)) => format!("yes, for up to {}.", duration(period)),
        };
        facts.push(("Retries", fact));
    }
    if let Some(window) = profile.dedupe_window() {
        facts.push(("Deduplication window", format!("{}.", duration(window))));
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
