//! Masks the values of secrets in bodies by their keys, such as `client_secret` or `api_key`.

use std::borrow::Cow;

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
    let is_form =
        !text.starts_with(['{', '[', '"']) && !text.contains(char::is_whitespace) && text.contains('=');
    if is_form { mask_pairs(text) } else { mask_json(text) }
}

fn mask_pairs(form: &str) -> String {
    let pairs = form.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && is_secret_key(&decoded(name)) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Decodes the name of a parameter in a form or a query.
pub(super) fn decoded(name: &str) -> Cow<'_, str> {
    form_urlencoded::parse(name.as_bytes()).next().map(|(name, _)| name).unwrap_or_default()
}

fn mask_json(json: &str) -> String {
    let mut masked = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let (before, from) = rest.split_at(start);
        let (key, after) = from.split_at(string_length(from));
        masked.push_str(before);
        masked.push_str(key);
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
        if let (false, Some(before), Some(end)) =
            (is_empty, after.get(..after.len() - value.len()), value.get(length..))
        {
            masked.push_str(before);
            masked.push_str(&format!("\"{MASK}\""));
            rest = end;
        }
    }
    masked + rest
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
