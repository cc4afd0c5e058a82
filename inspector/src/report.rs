//! Output: one JSON object per line on standard output, everything else on standard error.

use std::{
    io::{self, Write},
    str,
    time::SystemTime,
};

use data_encoding::BASE64;
use serde::Serialize;
use serde_json::Value;
use tower_webhook::{Delivery, Outcome};

use crate::{forward::Forwarded, rules::Rules, test_event::is_shown};

/// Prints `text` at once, without mixing it with the output of other threads.
pub(crate) fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    // Ignore a closed pipe: the endpoint must continue for its provider.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

pub(crate) fn log(line: &str) {
    let shown: String =
        line.chars().map(|char| if is_shown(char) { char } else { char::REPLACEMENT_CHARACTER }).collect();
    let _ = writeln!(io::stderr().lock(), "{shown}");
}

/// Returns the line for the start of a handler.
pub(crate) fn started(delivery: &Delivery) -> String {
    for_terminals(&format!("{{\"outcome\": \"started\", \"id\": {}}}\n", json(&delivery.id())))
}

/// Returns the line for the end of a request. In forward mode, it has an additional field.
pub(crate) fn outcome(outcome: &Outcome, rules: &Rules, forwarded: Option<&Forwarded>) -> String {
    let payload = outcome.delivery().map_or_else(|| json(&()), |delivery| payload(delivery.payload()));
    line(outcome, rules, forwarded, payload)
}

/// Returns the line for the end of a request, with the length of the payload instead of the payload.
pub(crate) fn outcome_without_payload(
    outcome: &Outcome,
    rules: &Rules,
    forwarded: Option<&Forwarded>,
) -> String {
    let length = outcome.delivery().map(|delivery| delivery.payload().len());
    line(outcome, rules, forwarded, format!("null, \"payload_bytes\": {}", json(&length)))
}

fn line(outcome: &Outcome, rules: &Rules, forwarded: Option<&Forwarded>, payload: String) -> String {
    let delivery = outcome.delivery();
    let fields = [
        ("outcome", json(&outcome.kind().as_str())),
        ("status", json(&outcome.status().map(|status| status.as_u16()))),
        ("grpc_status", json(&outcome.grpc_status())),
        ("kind", json(&outcome.rejection().map(|rejection| rejection.kind().as_str()))),
        ("provider", json(&rules.source.id())),
        ("id", json(&delivery.and_then(Delivery::id))),
        ("timestamp", json(&delivery.and_then(Delivery::timestamp).and_then(unix_seconds))),
        ("event_type", json(&delivery.and_then(Delivery::event_type))),
        ("payload", payload),
        ("handler", json(&outcome.handler().map(|end| end.as_str()))),
        ("ms", json(&(outcome.elapsed().as_secs_f64() * 1000.0))),
    ];
    let forward = rules.forward.as_ref().map(|_| ("forward", forwarded.map_or_else(|| json(&()), forward)));
    let fields = fields.into_iter().chain(forward).map(|(name, value)| format!("\"{name}\": {value}"));
    for_terminals(&format!("{{{}}}\n", fields.collect::<Vec<_>>().join(", ")))
}

/// Escapes the characters in JSON that a terminal could act on. They can only be in strings.
fn for_terminals(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for char in json.chars() {
        match is_shown(char) {
            true => shown.push(char),
            false => char
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| shown.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    shown
}

fn forward(forwarded: &Forwarded) -> String {
    let status = forwarded.result.as_ref().ok().map(|response| response.status.as_u16());
    let ms = forwarded.took.as_secs_f64() * 1000.0;
    json(&serde_json::json!({ "status": status, "error": forwarded.result.as_ref().err(), "ms": ms }))
}

fn json(value: &impl Serialize) -> String {
    // Serializing strings and numbers does not fail.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

fn unix_seconds(time: SystemTime) -> Option<u64> {
    Some(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs())
}

/// Returns the body itself if it is JSON, or else its bytes in base64.
fn payload(body: &[u8]) -> String {
    match str::from_utf8(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)) {
        // Print the original text: serializing the parsed value could change digits and the order of keys.
        Ok(text) if serde_json::from_str::<Value>(text).is_ok() => on_one_line(text),
        _ => format!("{{\"base64\": \"{}\"}}", BASE64.encode(body)),
    }
}

/// Removes the whitespace between JSON tokens, and changes nothing else.
pub(crate) fn on_one_line(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let keep = |c: &char| {
        let space = c.is_ascii_whitespace();
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        in_string || !space
    };
    json.chars().filter(keep).collect()
}
