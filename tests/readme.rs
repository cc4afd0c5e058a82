//! The README and the guide state the same facts about providers as the code, and their links work.
//!
//! `UPDATE_TABLES=1` writes the generated parts.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "common/duration.rs"]
mod duration;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use duration::duration;
use tower_webhook::{
    provider::{self, Evidence, Provider},
    verify::{Location, Profile},
};

#[test]
fn the_lists_of_providers_are_up_to_date() {
    is_up_to_date("README.md", "providers", &names());
    is_up_to_date("src/guide/providers.md", "providers", &table());
    is_up_to_date("src/guide/providers.md", "aliases", &aliases());
}

#[test]
fn the_guide_states_the_facts_of_providers() {
    let profiles = profiles();
    is_up_to_date("src/guide/answers.md", "behaviour", &behaviour(&profiles));
    let lists = |file: &str, name: &str, is_listed: &dyn Fn(&str, &Profile) -> bool| {
        let listed = profiles.iter().filter(|(constructor, profile)| is_listed(constructor, profile));
        is_up_to_date(file, name, &links(listed));
    };
    lists("src/guide/stores.md", "shared-secrets", &|_, profile| profile.shared_secret());
    lists("src/guide/events.md", "batches", &|_, profile| profile.batch());
    lists("src/guide/threats.md", "attempts", &|_, profile| profile.attempt().is_some());
    lists("src/guide/threats.md", "unsigned-bodies", &|_, profile| !profile.body_signed());
    // A hand-written verifier may find a value that has no location.
    let has = |label: &str, name: &str, places: &[Location]| {
        let docs = documentation(name);
        let described = docs.split_once(label).is_some_and(|(_, rest)| !rest.starts_with("none"));
        !places.is_empty() || described
    };
    let has_unsigned_id =
        |name: &str, profile: &Profile| !profile.id_signed() && has("* Delivery id: ", name, profile.id());
    lists("src/guide/threats.md", "unsigned-ids", &has_unsigned_id);
    let has_unsigned_type = |name: &str, profile: &Profile| {
        !profile.event_type_signed() && has("* Event type: ", name, profile.event_type())
    };
    lists("src/guide/threats.md", "unsigned-event-types", &has_unsigned_type);
    for (name, _) in profiles.iter().filter(|(name, profile)| has_unsigned_type(name, profile)) {
        let is_documented = documentation(name).to_lowercase().contains("event type");
        assert!(is_documented, "{name}: unsigned event type is not documented");
    }
}

/// Checks the text between the comments with this name, or writes it with `UPDATE_TABLES`.
fn is_up_to_date(file: &str, name: &str, current: &str) {
    let text = read(file);
    let (before, rest) = text.split_once(&format!("<!-- {name} -->\n")).unwrap();
    let (_, after) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    let current = format!("{before}<!-- {name} -->\n{current}<!-- /{name} -->{after}");
    if env::var_os("UPDATE_TABLES").is_some() {
        fs::write(root().join(file), &current).unwrap();
    } else {
        assert!(text == current, "{file}: run this test with UPDATE_TABLES=1");
    }
}

/// Returns the providers with a constructor of their own.
fn constructed() -> impl Iterator<Item = &'static Provider> {
    provider::all().filter(|provider| provider.alias_of().is_none())
}

/// Returns all names in one paragraph. A provider with several constructors appears once, without the part in
/// parentheses.
fn names() -> String {
    let short = |name: &'static str| name.split(" (").next().unwrap();
    let count = |name| provider::all().filter(|provider| short(provider.name) == name).count();
    let shown = |name| if count(short(name)) > 1 { short(name) } else { name };
    let mut names: Vec<_> = provider::all().map(|provider| shown(provider.name)).collect();
    names.sort_by_key(|name| name.to_lowercase());
    names.dedup();
    wrapped(&format!("{}.", names.join(", ")))
}

/// Breaks a paragraph into lines of at most 115 characters.
fn wrapped(paragraph: &str) -> String {
    let mut lines = vec![String::new()];
    for word in paragraph.split(' ') {
        match lines.last_mut().filter(|line| line.chars().count() + word.chars().count() < 115) {
            Some(line) if line.is_empty() => word.clone_into(line),
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

fn table() -> String {
    let mut providers: Vec<_> = constructed().collect();
    providers.sort_by_key(|provider| provider.name.to_lowercase());
    let rows: Vec<_> = providers.into_iter().map(row).collect();
    let count = rows.len();
    let columns =
        "| provider | signature | delivery id | event type | timestamp | retries; acknowledge within |";
    let line = "|---".repeat(6);
    // Without these styles, half of the columns are off-screen.
    let wrap = "<div style=\"font-size:.8em\">";
    format!("{count} constructors:\n\n{wrap}\n\n{columns}\n{line}|\n{}\n</div>\n", rows.concat())
}

/// Returns the table of aliases, grouped by provider.
fn aliases() -> String {
    let of = |provider: &'static Provider| {
        let aliases = provider::all().filter(|alias| alias.alias_of().is_some_and(|of| of.id == provider.id));
        let row = |Provider { id, name, source, .. }: &Provider| {
            let constructor = link(provider.constructor);
            format!("| [{name}]({source}) | `{id}` | {constructor} |\n")
        };
        let mut rows: Vec<_> = aliases.map(row).collect();
        rows.sort_by_key(|row| row.to_lowercase());
        rows.concat()
    };
    let rows: String = constructed().map(of).collect();
    format!("| sender | id for `find` | signs as |\n|---|---|---|\n{rows}")
}

fn row(provider: &'static Provider) -> String {
    let Provider { id, constructor, name, source, .. } = provider;
    let profile = provider.profile();
    let docs = documentation(constructor).replace("///", "");
    let docs = docs.split_whitespace().collect::<Vec<_>>().join(" ");
    let bullet = |label: &str| docs.split_once(label).map(|(_, rest)| rest);
    let signature = bullet("* Signature: ").unwrap();
    let signature = signature.split(". ").next().unwrap().split(" ([").next().unwrap();
    let signed = |is_signed: bool| if is_signed { "signed" } else { "**not signed**" };
    let places = |places: &[Location], is_signed: bool, label: &str| {
        let names: Vec<_> = places.iter().map(|place| format!("`{place}`")).collect();
        if !names.is_empty() {
            return format!("{}, {}", names.join(" or "), signed(is_signed));
        }
        // A hand-written verifier may find a value although its profile lists no location for the value.
        let described = bullet(label).filter(|rest| provider.scheme().is_none() && !rest.starts_with("none"));
        described.map_or("–".to_owned(), |rest| {
            let sentence = rest.split(". ").next().unwrap().split(" ([").next().unwrap();
            sentence.split("; none").next().unwrap().split(", as for").next().unwrap().to_owned()
        })
    };
    let scheme = provider.scheme().map(|scheme| serde_json::to_value(scheme).unwrap());
    let timestamp = match &scheme {
        Some(scheme) => scheme["ts"]["from"].as_str().map(|from| format!("`{from}`")),
        None => bullet("* Timestamp: ").map(|rest| rest.split([';', '.']).next().unwrap().to_owned()),
    };
    let expires = timestamp.as_ref().is_some_and(|timestamp| timestamp.contains("`exp`"));
    let past = match profile.tolerance().past() {
        Some(past) => format!("{} s", past.as_secs()),
        None if expires => "until it expires".to_owned(),
        None => "any age".to_owned(),
    };
    let id = match id.replace('-', "_") == *constructor {
        true => String::new(),
        false => format!("<br>id `{id}`"),
    };
    let mark = if provider.evidence() == Evidence::Memory { " †" } else { "" };
    let retries = retries(&profile);
    let cells = [
        format!("[{name}]({source}){mark}<br>{}{id}", link(constructor)),
        format!("{}{}", signature.trim_end_matches('.'), other_forms(provider)),
        places(profile.id(), profile.id_signed(), "* Delivery id: "),
        places(profile.event_type(), profile.event_type_signed(), "* Event type: "),
        timestamp.map_or("–".to_owned(), |timestamp| format!("{timestamp}, {past}")),
        format!("{retries}; {}", seconds(profile.ack_deadline())),
    ];
    // A pipe would end the cell.
    let cells = cells.map(|cell| breakable(&cell.replace('|', "\\|")));
    format!("| {} |\n", cells.join(" | "))
}

/// Returns the note that a provider signs in several ways, of which the documentation's first sentence names one.
fn other_forms(provider: &Provider) -> &'static str {
    let headers: BTreeSet<_> = provider
        .schemes()
        .iter()
        .map(|scheme| serde_json::to_value(scheme).unwrap()["sig"]["from"].to_string())
        .collect();
    if headers.len() > 1 { "; or another form, see the constructor" } else { "" }
}

/// Returns a cell whose code can be broken after punctuation. Code in backticks would be as wide as its longest word.
fn breakable(cell: &str) -> String {
    let mut parts = cell.split('`');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let (Some(code), Some(rest)) = (parts.next(), parts.next()) {
        let mut escaped = code.replace('<', "&lt;").replace('>', "&gt;");
        for mark in ['_', '/', ':', '.', '-', '}'] {
            escaped = escaped.replace(mark, &format!("{mark}<wbr>"));
        }
        text.push_str(&format!("<code>{escaped}</code>{rest}"));
    }
    text
}

fn retries(profile: &Profile) -> String {
    match (profile.retries(), profile.retry_period()) {
        (Some(false), _) => "**never**".to_owned(),
        (_, Some(period)) => duration(period),
        (Some(true), None) => "yes".to_owned(),
        (None, None) => "–".to_owned(),
    }
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or("–".to_owned(), |time| format!("{} s", time.as_secs_f64()))
}

/// Returns each constructor's name and profile, sorted by name.
fn profiles() -> Vec<(&'static str, Profile)> {
    let mut profiles: Vec<_> =
        constructed().map(|provider| (provider.constructor, provider.profile())).collect();
    profiles.sort_by_key(|(name, _)| *name);
    profiles
}

/// Returns the table of providers whose retries, deadline, window or lease are known.
fn behaviour(profiles: &[(&str, Profile)]) -> String {
    let rows = profiles.iter().filter_map(|(name, profile)| {
        let (ack_deadline, dedupe_window, lease) =
            (profile.ack_deadline(), profile.dedupe_window(), profile.lease());
        let is_unknown = profile.retries().is_none() && profile.retry_period().is_none();
        if is_unknown && ack_deadline.is_none() && dedupe_window.is_none() && lease.is_none() {
            return None;
        }
        let remembered = dedupe_window.map_or("–".to_owned(), duration);
        let (retries, waits, lease) = (retries(profile), seconds(ack_deadline), seconds(lease));
        Some(format!("| {} | {retries} | {waits} | {remembered} | {lease} |\n", link(name)))
    });
    let head =
        "| provider | retries | acknowledge within | deduplication window | lease |\n|---|---|---|---|---|\n";
    format!("{head}{}", rows.collect::<String>())
}

/// Returns the documentation of a constructor.
fn documentation(constructor: &str) -> String {
    fn sources(folder: &Path) -> Vec<PathBuf> {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }
    let openings = [
        format!("    {constructor}: \""),
        format!("    {constructor} -> Result: \""),
        format!("pub fn {constructor}("),
        format!("pub fn {constructor}<"),
    ];
    let provider = root().join("src/provider");
    for source in sources(&provider).into_iter().map(|path| fs::read_to_string(path).unwrap()) {
        let lines: Vec<_> = source.lines().collect();
        let at = lines.iter().position(|line| openings.iter().any(|opening| line.starts_with(&**opening)));
        if let Some(at) = at {
            let is_documentation = |line: &&&str| line.trim_start().starts_with("///");
            let is_attribute = |line: &&&str| line.trim_start().starts_with("#[");
            let above = lines[..at].iter().rev().skip_while(is_attribute);
            let text: Vec<_> = above.take_while(is_documentation).copied().collect();
            return text.into_iter().rev().collect::<Vec<_>>().join("\n");
        }
    }
    panic!("no constructor {constructor} in src/provider")
}

fn links<'p>(profiles: impl IntoIterator<Item = &'p (&'static str, Profile)>) -> String {
    let names: Vec<_> = profiles.into_iter().map(|(name, _)| link(name)).collect();
    format!("{}.\n", names.join(", "))
}

/// Links by URL: an intra-doc link breaks when the constructor's feature is off.
fn link(constructor: &str) -> String {
    format!("[`{constructor}`](../../provider/fn.{constructor}.html)")
}

#[test]
fn each_relative_link_leads_to_a_file() {
    for file in [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "benches/README.md",
        "benches/peers/README.md",
        "examples/README.md",
        "inspector/README.md",
        "tests/README.md",
    ] {
        let text = read(file);
        let path = root().join(file);
        let mut links = 0;
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let target = link.split('#').next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                assert!(path.parent().unwrap().join(target).exists(), "{file} links to {link}");
                links += 1;
            }
        }
        assert!(links > 0 || file == "CHANGELOG.md", "{file} has no links");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}
