//! What is printed: one JSON object a line on standard output, everything else on standard error.

use std::{
    io::{self, Write},
    str,
    time::SystemTime,
};

use data_encoding::BASE64;
use serde::Serialize;
use serde_json::Value;
use tower_webhook::{Delivery, Outcome};

/// Prints `text`, whole and at once, whatever other threads print.
pub(crate) fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    // Who reads it may have left. The endpoint goes on: its provider has not.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

pub(crate) fn log(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// The line that a handler begins with.
pub(crate) fn started(delivery: &Delivery) -> String {
    format!("{{\"outcome\": \"started\", \"id\": {}}}\n", json(&delivery.id()))
}

/// The line that a request ends with.
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
    // Texts and numbers always can be.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

fn unix_seconds(time: SystemTime) -> Option<u64> {
    Some(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs())
}

/// The body itself if it is JSON, else its bytes in base64.
fn payload(body: &[u8]) -> String {
    match str::from_utf8(body) {
        // Not what it was parsed to, which is the value, but with other digits and in another order.
        Ok(text) if serde_json::from_str::<Value>(text).is_ok() => on_one_line(text),
        _ => format!("{{\"base64\": \"{}\"}}", BASE64.encode(body)),
    }
}

/// JSON without the white space between its tokens, and otherwise as it was sent.
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
