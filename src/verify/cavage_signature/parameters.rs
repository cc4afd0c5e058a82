//! The parameters of a signature, as its header contains them.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use super::{algorithm::is_hs2019, signing_string::Component};
use crate::verify::{
    VerifyError, digits,
    message_signature::{LONGEST, MAX_COMPONENTS, MAX_MEMBERS},
};

/// The white space that is allowed around `=` and `,`.
const SPACE: [char; 2] = [' ', '\t'];

/// The parameters of a signature.
#[derive(Debug)]
pub(super) struct Parameters<'h> {
    pub(super) key_id: Cow<'h, str>,
    pub(super) algorithm: Option<Cow<'h, str>>,
    /// The text of `created`, which is signed as it is written.
    pub(super) created: Option<Cow<'h, str>>,
    pub(super) expires: Option<Cow<'h, str>>,
    pub(super) components: Vec<Component>,
    pub(super) signature: Cow<'h, str>,
}

impl<'h> Parameters<'h> {
    /// Parses the parameters, such as `keyId="…",headers="host date",signature="…"`.
    pub(super) fn read(text: &'h [u8]) -> Result<Self, VerifyError> {
        if text.len() > LONGEST {
            return Err(VerifyError::malformed("list of signature parameters is longer than 8 KiB"));
        }
        let list = std::str::from_utf8(text).ok().filter(|text| text.is_ascii()).and_then(list);
        let list = list.ok_or(VerifyError::malformed("list of signature parameters is invalid"))?;
        // Also counts as repeated if the two names differ in case, because receivers differ in this respect.
        let is_repeated = |(index, (name, _)): (usize, &(&str, Cow<'_, str>))| {
            list.iter().skip(index + 1).any(|(other, _)| other.eq_ignore_ascii_case(name))
        };
        if list.iter().enumerate().any(is_repeated) {
            return Err(VerifyError::malformed("signature repeats a parameter"));
        }
        let [mut key_id, mut algorithm, mut created, mut expires, mut headers, mut signature] =
            [const { None }; 6];
        for (name, value) in list {
            let parameter = match &*name.to_ascii_lowercase() {
                "keyid" => &mut key_id,
                "algorithm" => &mut algorithm,
                "created" => &mut created,
                "expires" => &mut expires,
                "headers" => &mut headers,
                "signature" => &mut signature,
                _ => continue,
            };
            *parameter = Some(value);
        }
        Ok(Self {
            components: match &headers {
                Some(names) => components(names)?,
                // Versions of the draft before `hs2019` have another default.
                None if algorithm.as_deref().is_none_or(is_hs2019) => vec![Component::Created],
                None => vec![Component::DATE],
            },
            key_id: key_id.ok_or_else(|| missing_parameter("keyId"))?,
            algorithm,
            created,
            expires,
            signature: signature.ok_or_else(|| missing_parameter("signature"))?,
        })
    }

    /// Returns whether the algorithm has a name from before `(created)` and `(expires)` were introduced.
    pub(super) fn has_old_algorithm(&self) -> bool {
        let is_old = |name: &str| {
            ["rsa", "hmac", "ecdsa"]
                .iter()
                .any(|old| name.get(..old.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(old)))
        };
        self.algorithm.as_deref().is_some_and(is_old)
    }

    /// Returns the time of `created`, if present.
    pub(super) fn created(&self) -> Result<Option<SystemTime>, VerifyError> {
        self.created.as_deref().map(|text| time(text, "created")).transpose()
    }

    /// Returns the time of `expires`, if present. A fraction of a second is ignored.
    pub(super) fn expires(&self) -> Result<Option<SystemTime>, VerifyError> {
        let Some(text) = self.expires.as_deref() else { return Ok(None) };
        let whole = match text.split_once('.') {
            Some((whole, fraction)) if digits(fraction.as_bytes()).is_some() => whole,
            _ => text,
        };
        time(whole, "expires").map(Some)
    }
}

/// Returns the error for a parameter that is missing.
pub(super) fn missing_parameter(name: &str) -> VerifyError {
    VerifyError::missing(format!("signature parameter `{name}` is missing"))
}

fn time(text: &str, name: &str) -> Result<SystemTime, VerifyError> {
    let since = digits(text.as_bytes()).map(Duration::from_secs);
    let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    time.ok_or_else(|| VerifyError::malformed(format!("signature parameter `{name}` is not a time")))
}

/// Parses the parameter `headers`: names separated by single spaces.
fn components(names: &str) -> Result<Vec<Component>, VerifyError> {
    let mut components = Vec::new();
    for name in names.split(' ') {
        if components.len() == MAX_COMPONENTS {
            return Err(VerifyError::malformed("signature covers more than 64 components"));
        }
        let component = Component::parse(&name.to_ascii_lowercase())
            .ok_or(VerifyError::malformed("list of signed headers contains an invalid header name"))?;
        if components.contains(&component) {
            return Err(VerifyError::malformed("signature repeats a component"));
        }
        components.push(component);
    }
    Ok(components)
}

/// Parses a list of parameters (RFC 9110, section 11.4). Returns `None` if it is invalid or too long.
fn list(text: &str) -> Option<Vec<(&str, Cow<'_, str>)>> {
    let mut list = Vec::new();
    let mut rest = text.trim_matches(SPACE);
    while list.len() < MAX_MEMBERS {
        let (name, after) = token(rest)?;
        let after = after.trim_start_matches(SPACE).strip_prefix('=')?.trim_start_matches(SPACE);
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => token(after).map(|(value, after)| (Cow::Borrowed(value), after))?,
        };
        list.push((name, value));
        rest = after.trim_start_matches(SPACE);
        if rest.is_empty() {
            return Some(list);
        }
        rest = rest.strip_prefix(',')?.trim_start_matches(SPACE);
    }
    None
}

/// Splits off a token.
fn token(text: &str) -> Option<(&str, &str)> {
    let is_token = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
    let end = text.find(|char| !is_token(char)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(token, _)| !token.is_empty())
}

/// Splits off the rest of a quoted string, and removes its escapes.
fn quoted_string(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(['"', '\\'])?;
    let (plain, rest) = text.split_at_checked(end)?;
    if let Some(after) = rest.strip_prefix('"') {
        return Some((Cow::Borrowed(plain), after));
    }
    let mut value = plain.to_owned();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some((Cow::Owned(value), chars.as_str())),
            '\\' => value.push(chars.next()?),
            char => value.push(char),
        }
    }
}
