use std::str;

use data_encoding::BASE64;
use serde::Serialize;
use serde_json::Value;

use super::{Seen, redact::Redactor};
use crate::watch::MAX_BODY;

/// A body, as text for the page.
#[derive(Clone, Serialize)]
pub(super) struct Payload {
    text: String,
    /// `json`, `text`, `base64`, or `none` if the body was not read.
    form: &'static str,
    bytes: usize,
    truncated: bool,
    /// Whether a secret in the text was replaced.
    masked: bool,
    verified: bool,
}

impl Payload {
    pub(super) fn weight(&self) -> usize {
        self.text.len()
    }

    pub(super) fn new(seen: &Seen<'_>) -> Self {
        let body: &[u8] = &seen.record.body;
        let truncated = seen.record.received > body.len();
        let (form, text) = match str::from_utf8(body) {
            _ if body.is_empty() && !seen.record.finished => ("none", String::new()),
            Ok("") => ("text", String::new()),
            Ok(text) if !truncated && serde_json::from_str::<Value>(text).is_ok() => {
                pretty(text).map_or_else(|| ("text", text.to_owned()), |pretty| ("json", pretty))
            }
            Ok(text) => ("text", text.to_owned()),
            // The body was truncated in the middle of a character.
            Err(error) if truncated && error.valid_up_to() + 4 > MAX_BODY => {
                ("text", String::from_utf8_lossy(body).into_owned())
            }
            Err(_) => ("base64", BASE64.encode(body)),
        };
        let redactor = Redactor::new(seen.rules);
        // The base64 of other bytes has neither keys nor secrets.
        let shown = if form == "base64" { redactor.text(&text) } else { redactor.body(&text) };
        Self {
            masked: shown != text,
            text: shown,
            form,
            bytes: seen.record.received,
            truncated,
            verified: seen.delivery.is_some(),
        }
    }
}

/// Pretty-prints JSON without changing digits or the order of keys. Returns `None` if the result would mostly be
/// indentation.
fn pretty(json: &str) -> Option<String> {
    // The maximum depth of the indentation.
    const MAX_DEPTH: usize = 24;
    let mut text = String::new();
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let new_line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth.min(MAX_DEPTH)));
    };
    let mut characters = json.chars().peekable();
    while let Some(c) = characters.next() {
        if text.len() > 4 * MAX_BODY {
            return None;
        }
        if in_string {
            text.push(c);
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                text.push(c);
            }
            '{' | '[' => {
                text.push(c);
                while characters.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                match characters.next_if(|c| matches!(c, '}' | ']')) {
                    Some(end) => text.push(end),
                    None => {
                        depth += 1;
                        new_line(&mut text, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => text.push(c),
        }
    }
    Some(text)
}
