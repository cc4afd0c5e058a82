//! Durations as text, for the documentation of providers.

use std::time::Duration;

/// Returns a duration in the largest suitable unit, rounded up.
pub(crate) fn duration(duration: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let secs = duration.as_secs();
    let (count, unit) = match secs {
        _ if secs.is_multiple_of(DAY) || secs > 7 * DAY => (secs.div_ceil(DAY), "day"),
        _ if secs.is_multiple_of(HOUR) || secs > 3 * HOUR => (secs.div_ceil(HOUR), "hour"),
        _ if secs.is_multiple_of(MINUTE) || secs > 5 * MINUTE => (secs.div_ceil(MINUTE), "minute"),
        _ => return format!("{secs} s"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}
