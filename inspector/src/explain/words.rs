use std::{
    error::Error,
    iter::successors,
    time::{Duration, SystemTime},
};

/// Returns milliseconds since the epoch, as JavaScript's dates use.
pub(super) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Truncates a text to `most` characters.
pub(super) fn bounded(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Returns the sources of an error, if any.
pub(super) fn causes(error: &dyn Error) -> Option<String> {
    let mut causes: Vec<String> = Vec::new();
    for cause in successors(error.source(), |&error| error.source()).map(ToString::to_string) {
        // Some errors repeat the text of their source.
        if !causes.iter().any(|earlier| earlier.contains(&cause)) {
            causes.push(cause);
        }
    }
    (!causes.is_empty()).then(|| causes.join(": "))
}

/// Formats a duration with one unit: `300 s`, `10 min`, `8 days`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        _ if duration.subsec_nanos() > 0 => {
            format!("{} s", (duration.as_secs_f64() * 1000.0).round() / 1000.0)
        }
        _ if seconds >= 2 * 86_400 && seconds.is_multiple_of(86_400) => format!("{} days", seconds / 86_400),
        _ if seconds >= 2 * 3_600 && seconds.is_multiple_of(3_600) => format!("{} hours", seconds / 3_600),
        _ if seconds >= 600 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

/// Formats an age with one or two units: `0.4 s`, `360 s`, `1 h 5 min`, `2 days`.
pub(super) fn age(age: Duration) -> String {
    let two = |(many, large): (u64, &str), (few, small): (u64, &str)| match few {
        0 => format!("{many} {large}"),
        _ => format!("{many} {large} {few} {small}"),
    };
    match age.as_secs() {
        0 if age.as_millis() < 100 => "less than 0.1 s".to_owned(),
        ..10 => format!("{:.1} s", age.as_secs_f64()),
        seconds @ ..600 => format!("{seconds} s"),
        seconds @ ..3_600 => format!("{} min", seconds / 60),
        seconds @ ..86_400 => two((seconds / 3_600, "h"), (seconds % 3_600 / 60, "min")),
        seconds @ ..172_800 => two((1, "day"), (seconds % 86_400 / 3_600, "h")),
        seconds @ ..63_072_000 => format!("{} days", seconds / 86_400),
        seconds => format!("{} years", seconds / 31_536_000),
    }
}

/// Formats a measured duration with about three digits: `183 µs`, `1.7 ms`, `4.00 s`.
pub(super) fn took(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    match ms {
        ..1.0 => format!("{:.0} µs", ms * 1000.0),
        ..100.0 => format!("{ms:.1} ms"),
        ..1000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1000.0),
    }
}

/// Formats a number of bytes with thousands separators.
pub(super) fn bytes(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + if count == 1 { " byte" } else { " bytes" }
}

/// Describes a location that is written as in a scheme: `header:x-signature`, `body:/id`.
pub(crate) fn place(place: &str) -> String {
    match place.split_once(':') {
        Some(("header", name)) => format!("the {name} header"),
        Some(("body", pointer)) => format!("{pointer} in the body"),
        Some(("query", name)) => format!("{name} in the query"),
        Some(("form", name)) => format!("{name} in the form"),
        Some(("field", name)) => format!("{name} in the signature's header"),
        _ => place.to_owned(),
    }
}
