//! Masks the values of secrets in bodies by their keys, such as `client_secret` or `api_key`.

use std::{borrow::Cow, ops::Range};

use super::redact::MASK;

/// The ends of the keys whose values are masked, without case and punctuation.
const SECRET_KEYS: [&str; 11] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "credential",
    "authorization",
];

/// Returns whether a key names a secret: `access_token`, `clientSecret`, `API-Key`.
pub(super) fn is_secret_key(key: &str) -> bool {
    let letters = key.chars().filter(|c| c.is_alphanumeric());
    let key: String = letters.flat_map(char::to_lowercase).collect();
    let key = key.strip_suffix('s').unwrap_or(&key);
    SECRET_KEYS.iter().any(|name| key.ends_with(name))
}

/// Replaces the values of secret keys in JSON, also if it was truncated, or in a form.
pub(super) fn mask(text: &str) -> String {
    let is_form = !text.starts_with(['{', '[', '"'])
        && !text.trim_end().contains(char::is_whitespace)
        && text.contains('=');
    // JSON in a form may also not be encoded.
    if is_form { mask_json(&mask_pairs(text)) } else { mask_json(text) }
}

fn mask_pairs(form: &str) -> String {
    let pairs = form.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && is_secret_key(&decoded(name)) => format!("{name}={MASK}"),
        Some((name, value)) => format!("{name}={}", mask_encoded_json(value)),
        None => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Decodes the name of a parameter in a form or a query.
pub(super) fn decoded(name: &str) -> Cow<'_, str> {
    form_urlencoded::parse(name.as_bytes()).next().map(|(name, _)| name).unwrap_or_default()
}

fn mask_json(json: &str) -> String {
    replaced(json, secret_values(json), &format!("\"{MASK}\""))
}

/// Replaces the values of secret keys in the JSON of a form's or query's value. The rest stays encoded as it arrived.
pub(super) fn mask_encoded_json(value: &str) -> String {
    // JSON with encoded keys has encoded quotes.
    if !value.contains("%22") {
        return value.to_owned();
    }
    let (json, starts) = decoded_ascii(value);
    let at = |index: usize| starts.get(index).copied().unwrap_or(value.len());
    let values = secret_values(&json).into_iter().map(|range| at(range.start)..at(range.end));
    replaced(value, values, &format!("%22{MASK}%22"))
}

/// Decodes a form's value, and returns the place of each decoded byte in it. Bytes that are not ASCII become `?`,
/// because they may not be UTF-8. The syntax of JSON and the names of secrets are ASCII.
fn decoded_ascii(value: &str) -> (String, Vec<usize>) {
    let (mut text, mut starts) = (String::new(), Vec::new());
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let digits = rest.strip_prefix('%').and_then(|digits| digits.get(..2));
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (c, length) = match byte {
            Some(byte) => (char::from(byte), 3),
            None if first == '+' => (' ', 1),
            None => (first, first.len_utf8()),
        };
        text.push(if c.is_ascii() { c } else { '?' });
        starts.push(value.len() - rest.len());
        rest = rest.get(length..).unwrap_or_default();
    }
    (text, starts)
}

/// Replaces ranges of a text, which are in ascending order.
fn replaced(text: &str, ranges: impl IntoIterator<Item = Range<usize>>, mask: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut shown = 0;
    for range in ranges {
        masked.push_str(text.get(shown..range.start).unwrap_or_default());
        masked.push_str(mask);
        shown = range.end;
    }
    masked + text.get(shown..).unwrap_or_default()
}

/// Finds the values of secret keys in JSON, with the quotes of strings.
fn secret_values(json: &str) -> Vec<Range<usize>> {
    let mut values = Vec::new();
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let (_, from) = rest.split_at(start);
        let (key, after) = from.split_at(string_length(from));
        rest = after;
        let value = after.trim_start().strip_prefix(':').map(str::trim_start);
        let name = || serde_json::from_str::<String>(key).unwrap_or_default();
        let Some(value) = value.filter(|_| is_secret_key(&name())) else { continue };
        let length = match value.starts_with('"') {
            true => string_length(value),
            false => value
                .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
                .unwrap_or(value.len()),
        };
        // Neither an empty string nor null, `true` or the start of an object.
        let is_empty = length == 0 || value.starts_with("\"\"");
        if let (false, Some(end)) = (is_empty, value.get(length..)) {
            values.push(json.len() - value.len()..json.len() - end.len());
            rest = end;
        }
    }
    values
}

/// Returns the length of the JSON string at the start of a text, with its quotes. A string without an end is truncated.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(end, _)| end + 1)
}
