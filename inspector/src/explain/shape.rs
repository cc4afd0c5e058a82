//! The format of a request's signature headers, compared with the format that the provider uses.
//!
//! Texts from here describe values but do not contain them: a header may contain a credential.

use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;

use super::{Seen, hints::Hint};
use crate::rules::{Signature, Signing};

/// Returns the name of the header that an error text calls missing, if the header is present but empty.
pub(super) fn empty_header<'t>(seen: &Seen<'_>, error: &'t str) -> Option<&'t str> {
    let name = missing_header(error)?;
    let value = seen.arrival.unmasked.get(name)?;
    value.as_bytes().trim_ascii().is_empty().then_some(name)
}

/// Returns the name of the header that an error text calls missing.
pub(super) fn missing_header(error: &str) -> Option<&str> {
    error.strip_prefix('`')?.strip_suffix("` header is missing")
}

/// Returns a hint if the signature or the timestamp does not have the provider's format.
pub(super) fn mismatch(seen: &Seen<'_>) -> Option<Hint> {
    let signing = seen.rules.signing()?;
    let headers = &seen.arrival.unmasked;
    let (name, value) = signing.headers().into_iter().find_map(|name| {
        let value = headers.get(&*name)?.to_str().ok()?.trim().to_owned();
        (!value.is_empty()).then_some((name, value))
    })?;
    let provider = seen.rules.source.name();
    timestamp(seen, &signing, &value).or_else(|| {
        let (expected, got) = signature(&signing, &value)?;
        let cure = format!("Expected {expected} in `{name}`; got {got}.{}", documentation(seen));
        Some(Hint::found(
            &format!("the signature does not have {provider}'s format"),
            cure,
            format!("signature format: {got}"),
        ))
    })
}

fn documentation(seen: &Seen<'_>) -> String {
    seen.rules.source.documentation().map(|url| format!(" See {url}.")).unwrap_or_default()
}

/// Returns the expected format of the signature and the format received, if they differ.
fn signature(signing: &Signing, value: &str) -> Option<(String, String)> {
    let Signature { prefix, prefix_optional, items, kv, keys, prefer, key_id, .. } = &signing.sig;
    if key_id.is_some() {
        return None;
    }
    let expected = encoded(signing)?;
    let Some(kv) = kv else {
        if items.is_some() {
            return None;
        }
        let expected = match prefix.is_empty() || *prefix_optional {
            true => expected,
            false => format!("`{prefix}` and {expected}"),
        };
        let (rest, note) = match value.strip_prefix(&**prefix) {
            Some(rest) => (rest, String::new()),
            None if *prefix_optional => (value, String::new()),
            None => match value.split_once('=').filter(|(name, rest)| is_name(name) && rest.len() > 2) {
                Some((name, rest)) => (rest, format!(" after the prefix `{name}=`")),
                None => (value, " without the prefix".to_owned()),
            },
        };
        let fits = note.is_empty() && fits(signing, rest);
        return (!fits).then(|| (expected, format!("{}{note}", described(rest))));
    };
    let keys: Vec<_> = keys.iter().chain(prefer).map(String::as_str).collect();
    let pairs = pairs(&signing.sig, value);
    let wanted: Vec<_> = keys.iter().map(|key| format!("`{key}{kv}`")).collect();
    let expected = format!("{} and {expected}", wanted.join(" or "));
    let signatures: Vec<_> = pairs.iter().filter(|(key, _)| keys.contains(key)).collect();
    match signatures.first() {
        Some((key, text)) => {
            let fits = signatures.iter().any(|(_, text)| fits(signing, text.trim_start_matches(&**prefix)));
            (!fits).then(|| (expected, format!("{} after `{key}{kv}`", described(text))))
        }
        None => {
            let names: Vec<_> =
                pairs.iter().map(|(key, _)| *key).filter(|key| is_name(key)).take(5).collect();
            let got = match names.is_empty() {
                true => format!("{} without `{}{kv}`", described(value), keys.first()?),
                false => format!(
                    "only {}",
                    names.iter().map(|name| format!("`{name}{kv}`")).collect::<Vec<_>>().join(" and ")
                ),
            };
            Some((expected, got))
        }
    }
}

/// Returns the pairs of a key and a value in a list of signatures and fields.
fn pairs<'t>(format: &Signature, text: &'t str) -> Vec<(&'t str, &'t str)> {
    let is_separator = |c: char| {
        [&format.items, &format.groups].into_iter().flatten().any(|separator| separator.starts_with(c))
    };
    let Some(kv) = &format.kv else { return Vec::new() };
    text.split(is_separator).take(64).filter_map(|item| item.trim().split_once(&**kv)).collect()
}

/// Returns whether a text is the name of a signature's version, and so no part of a credential.
fn is_name(text: &str) -> bool {
    (1..=8).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn encoded(signing: &Signing) -> Option<String> {
    let length = signing.length();
    Some(match (signing.sig.enc.as_deref()?, length) {
        ("hex", Some(length)) => format!("{} hex digits", 2 * length),
        ("hex", None) => "hex digits".to_owned(),
        (_, Some(length)) => format!("{} characters of base64", length.div_ceil(3) * 4),
        (_, None) => "base64".to_owned(),
    })
}

fn fits(signing: &Signing, text: &str) -> bool {
    let length = signing.length();
    match signing.sig.enc.as_deref() {
        Some("hex") => is_hex(text) && length.is_none_or(|length| text.len() == 2 * length),
        Some(_) => {
            let digits = text.trim_end_matches('=');
            is_base64(text) && length.is_none_or(|length| digits.len() == (4 * length).div_ceil(3))
        }
        None => true,
    }
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))
}

fn described(text: &str) -> String {
    let count = text.chars().count();
    match count {
        0 => "an empty value".to_owned(),
        _ if is_hex(text) => {
            let hash = match count {
                32 => " (the length of MD5)",
                40 => " (the length of SHA-1)",
                64 => " (the length of SHA-256)",
                96 => " (the length of SHA-384)",
                128 => " (the length of SHA-512)",
                _ => "",
            };
            format!("{count} hex digits{hash}")
        }
        _ if is_base64(text) => format!("{count} characters of base64"),
        _ => format!("{count} characters that are neither hex nor base64"),
    }
}

/// Returns a hint if the timestamp has another notation or unit than the provider's.
fn timestamp(seen: &Seen<'_>, signing: &Signing, signature: &str) -> Option<Hint> {
    let format = signing.timestamp.as_ref()?;
    let value = match format.from.split_once(':')? {
        ("header", name) => text(&seen.arrival.unmasked, name)?,
        ("field", name) => {
            pairs(&signing.sig, signature).into_iter().find(|(key, _)| *key == name)?.1.to_owned()
        }
        _ => return None,
    };
    let (expected, factor) = match &*format.unit {
        "s" => ("seconds", 1),
        "ms" => ("milliseconds", 1_000),
        "us" => ("microseconds", 1_000_000),
        _ => return None,
    };
    let provider = seen.rules.source.name();
    let example = unix_time(seen).as_secs() as u128 * factor;
    let cure = format!("Sign a Unix timestamp in {expected}, such as `{example}`.");
    if let Ok(number) = value.parse::<u64>() {
        let units = [("seconds", 1), ("milliseconds", 1_000), ("microseconds", 1_000_000)];
        let (unit, _) = units.into_iter().find(|(_, factor)| is_near(seen, number / factor))?;
        if unit == expected {
            return None;
        }
        return Some(Hint::found(
            &format!("the timestamp is in {unit}; {provider} expects {expected}"),
            cure,
            format!("timestamp in {unit}, not {expected}"),
        ));
    }
    let got = match () {
        () if value.is_empty() => "empty",
        () if value.parse::<f64>().is_ok() => "a number with a decimal point",
        () if value.len() >= 10 && value.contains('-') && value.starts_with("20") => "a date in ISO 8601",
        () => "not a number",
    };
    Some(Hint::found(
        &format!("the timestamp is {got}; {provider} expects whole {expected}"),
        cure,
        format!("timestamp is {got}, not whole {expected}"),
    ))
}

/// Returns whether a Unix time is within two years of the request's arrival.
fn is_near(seen: &Seen<'_>, seconds: u64) -> bool {
    unix_time(seen).abs_diff(Duration::from_secs(seconds)) < Duration::from_secs(2 * 365 * 86_400)
}

/// Returns the time of the request's arrival since the epoch.
fn unix_time(seen: &Seen<'_>) -> Duration {
    seen.arrived_at().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Returns the value of a header, if it is text.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned())
}

/// Returns a hint if the request has a header whose name is similar to that of the missing one.
pub(super) fn similar_header(seen: &Seen<'_>, missing: &str) -> Option<Hint> {
    let schemes = seen.rules.source.schemes();
    let schemes: Vec<_> = schemes.iter().filter_map(|scheme| serde_json::to_string(scheme).ok()).collect();
    // The provider's other headers can have similar names.
    let is_own = |name: &&str| {
        let quoted = [format!("\"{name}\""), format!("\"header:{name}\"")];
        schemes.iter().any(|scheme| quoted.iter().any(|quoted| scheme.contains(quoted)))
    };
    let names = seen.arrival.unmasked.keys().map(|name| name.as_str()).filter(|name| !is_own(name));
    let (sent, older) =
        names.filter_map(|name| Some((name, likeness(name, missing)?))).min_by_key(|(_, l)| *l)?;
    let provider = seen.rules.source.name();
    let hash = text(&seen.arrival.unmasked, sent).and_then(|value| hash_of(&value));
    let ours = seen.rules.signing().and_then(|signing| hash_name(&signing.algorithm));
    if let (Likeness::Version, Some(theirs), Some(ours)) = (older, hash, ours)
        && theirs != ours
    {
        return Some(Hint::found(
            &format!("you sent the {theirs} header `{sent}`"),
            format!("You sent the old {theirs} header `{sent}`. {provider} signs {ours} in `{missing}`."),
            format!("{theirs} header `{sent}` instead of `{missing}`"),
        ));
    }
    Some(Hint::found(
        &format!("you sent `{sent}`; {provider}'s header is `{missing}`"),
        format!("Send the value in the `{missing}` header. A proxy may also have renamed it."),
        format!("header is named `{sent}`, not `{missing}`"),
    ))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// The names differ by a suffix, such as `-256`.
    Version,
    /// The names differ by the prefix `x-`, by underscores or by a typing error.
    Spelling,
}

fn likeness(sent: &str, missing: &str) -> Option<Likeness> {
    let is_suffix = |long: &str, short: &str| {
        let suffix = long.strip_prefix(short).and_then(|rest| rest.strip_prefix('-'));
        suffix.is_some_and(|suffix| suffix.len() <= 8 && suffix.contains(|c: char| c.is_ascii_digit()))
    };
    if is_suffix(missing, sent) && sent.contains("signature") || is_suffix(sent, missing) {
        return Some(Likeness::Version);
    }
    let plain = |name: &str| name.replace('_', "-").trim_start_matches("x-").to_owned();
    let (sent, missing) = (plain(sent), plain(missing));
    let changes = strsim::damerau_levenshtein(&sent, &missing);
    // One change for every eight characters.
    (changes <= missing.len() / 8).then_some(Likeness::Spelling)
}

/// Returns the hash of a signature, judged by its prefix or its length.
fn hash_of(value: &str) -> Option<&'static str> {
    match value.split_once('=') {
        Some(("sha1", _)) => Some("SHA-1"),
        Some(("sha256", _)) => Some("SHA-256"),
        Some(("sha512", _)) => Some("SHA-512"),
        _ if !is_hex(value) => None,
        _ if value.len() == 40 => Some("SHA-1"),
        _ if value.len() == 64 => Some("SHA-256"),
        _ if value.len() == 128 => Some("SHA-512"),
        _ => None,
    }
}

fn hash_name(algorithm: &str) -> Option<&'static str> {
    match algorithm.rsplit_once('-')?.1 {
        "sha1" => Some("SHA-1"),
        "sha256" => Some("SHA-256"),
        "sha512" => Some("SHA-512"),
        _ => None,
    }
}
