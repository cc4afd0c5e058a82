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

/// Prints `text` at once, without mixing it with the output of other threads.
pub(crate) fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    // Ignore a closed pipe: the endpoint must continue for its provider.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

pub(crate) fn log(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Returns the line for the start of a handler.
pub(crate) fn started(delivery: &Delivery) -> String {
    format!("{{\"outcome\": \"started\", \"id\": {}}}\n", json(&delivery.id()))
}

/// Returns the line for the end of a request.
pub(crate) fn outcome(outcome: &Outcome, provider: &str) -> String {
    let delivery = outcome.delivery();
    let fields = [
        ("outcome", json(&outcome.kind().as_str())),
        ("status", json(&outcome.status().map(|status| status.as_u16()))),
        ("grpc_status", json(&outcome.grpc_status())),
        ("kind", json(&outcome.rejection().map(|rejection| rejection.kind().as_str()))),
        ("provider", json(&provider)),
        ("id", json(&delivery.and_then(Delivery::id))),
        ("timestamp", json(&delivery.and_then(Delivery::timestamp).and_then(unix_seconds))),
        ("event_type", json(&delivery.and_then(Delivery::event_type))),
        ("payload", delivery.map_or_else(|| json(&()), |delivery| payload(delivery.payload()))),
        ("handler", json(&outcome.handler().map(|end| end.as_str()))),
        ("ms", json(&(outcome.elapsed().as_secs_f64() * 1000.0))),
    ];
    let fields = fields.map(|(name, value)| format!("\"{name}\": {value}"));
    format!("{{{}}}\n", fields.join(", "))
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
fn on_one_line(json: &str) -> String {
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
