//! Notations of timestamps. Each has a fixed length or a recognizable end, so that an attacker cannot move a
//! byte between a timestamp and the signed text next to it.

use std::time::{Duration, SystemTime};

use time::{
    OffsetDateTime,
    format_description::well_known::{Rfc2822, Rfc3339},
};

use super::TimeUnit;
use crate::verify::{VerifyError, digits};

impl TimeUnit {
    /// Parses a timestamp with exactly as many digits as all times from 2001 to 2286 have.
    pub(crate) fn read(self, text: &[u8]) -> Result<SystemTime, VerifyError> {
        let length = match self {
            Self::Seconds => 10,
            Self::Milliseconds => 13,
            Self::Microseconds => 16,
            Self::Rfc3339 | Self::HttpDate => text.len(),
        };
        if text.len() != length {
            return Err(VerifyError::malformed(format!("timestamp is not a number of {length} digits")));
        }
        self.read_any_length(text)
    }

    /// Parses a timestamp with any number of digits. Use it only for a timestamp that literal text separates
    /// from its neighbors.
    pub(crate) fn read_any_length(self, text: &[u8]) -> Result<SystemTime, VerifyError> {
        match self {
            Self::Seconds => unix(text, Duration::from_secs),
            Self::Milliseconds => unix(text, Duration::from_millis),
            Self::Microseconds => unix(text, Duration::from_micros),
            Self::Rfc3339 => {
                rfc3339(text).ok_or(VerifyError::malformed("timestamp is not in RFC 3339 format"))
            }
            Self::HttpDate => http_date(text).ok_or(VerifyError::malformed("timestamp is not an HTTP date")),
        }
    }
}

fn unix(text: &[u8], unit: fn(u64) -> Duration) -> Result<SystemTime, VerifyError> {
    digits(text)
        .and_then(|number| SystemTime::UNIX_EPOCH.checked_add(unit(number)))
        .ok_or(VerifyError::malformed("timestamp is not a number"))
}

fn rfc3339(text: &[u8]) -> Option<SystemTime> {
    // `time` accepts any byte between date and time; a brace there could be mistaken for the beginning or end
    // of a JSON body.
    if !matches!(text.get(10)?, b'T' | b't' | b' ') {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    system_time(OffsetDateTime::parse(text, &Rfc3339).ok()?)
}

/// Parses a date in HTTP's format, in Scalr's, which has no comma and ends with `UTC`, or in EasyPost's,
/// which ends with `-0000`.
fn http_date(text: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(text).ok()?;
    let date = match text.strip_suffix(" UTC") {
        Some(date) if !date.contains(',') => format!("{} GMT", date.replacen(' ', ", ", 1)),
        _ => text.strip_suffix("-0000").map_or_else(|| text.to_owned(), |date| format!("{date}GMT")),
    };
    let time = OffsetDateTime::parse(&date, &Rfc2822).ok()?;
    // Rejects the comments, folded lines and other spellings that RFC 2822 also allows.
    (write_http_date(time) == date).then(|| system_time(time)).flatten()
}

fn system_time(time: OffsetDateTime) -> Option<SystemTime> {
    // `into` panics on platforms whose `SystemTime` does not reach back to year 0.
    let since = u64::try_from(time.unix_timestamp()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(since, time.nanosecond()))
}

/// Formats a date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn write_http_date(time: OffsetDateTime) -> String {
    let (weekday, month) = (time.weekday().to_string(), time.month().to_string());
    format!(
        "{weekday:.3}, {:02} {month:.3} {:04} {:02}:{:02}:{:02} GMT",
        time.day(),
        time.year(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::TimeUnit;

    fn read(unit: TimeUnit, text: &str) -> Option<Duration> {
        unit.read(text.as_bytes())
            .ok()
            .map(|time| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    #[test]
    fn a_unix_time_has_the_number_of_digits_of_its_unit() {
        let now = Duration::from_secs(1_700_000_000);
        let of_unit = [
            (TimeUnit::Seconds, "1700000000"),
            (TimeUnit::Milliseconds, "1700000000000"),
            (TimeUnit::Microseconds, "1700000000000000"),
        ];
        for (unit, text) in of_unit {
            assert_eq!(read(unit, text), Some(now));
            for (other, _) in of_unit.iter().filter(|(other, _)| *other != unit) {
                assert_eq!(read(*other, text), None, "{other:?} {text}");
            }
            for text in
                [&text[1..], &format!("0{text}"), &format!("{text}0"), &format!("+{}", &text[1..]), ""]
            {
                assert_eq!(read(unit, text), None, "{unit:?} {text}");
            }
        }
    }

    #[test]
    fn an_rfc_3339_time_has_a_t_or_a_space_between_date_and_time() {
        let unit = TimeUnit::Rfc3339;
        let now = Duration::from_millis(1_700_000_000_500);
        assert_eq!(read(unit, "2023-11-14T22:13:20.5Z"), Some(now));
        assert_eq!(read(unit, "2023-11-14 23:13:20.5+01:00"), Some(now));
        for text in [
            "2023-11-14{22:13:20Z",
            "2023-11-14722:13:20Z",
            "12023-11-14T22:13:20Z",
            "2023-11-14T22:13:20",
            "",
        ] {
            assert_eq!(read(unit, text), None, "{text}");
        }
    }

    #[test]
    fn http_dates_have_exactly_three_formats() {
        let unit = TimeUnit::HttpDate;
        let now = Duration::from_secs(1_700_000_000);
        assert_eq!(read(unit, "Tue, 14 Nov 2023 22:13:20 GMT"), Some(now));
        assert_eq!(read(unit, "Tue 14 Nov 2023 22:13:20 UTC"), Some(now));
        assert_eq!(read(unit, "Tue, 14 Nov 2023 22:13:20 -0000"), Some(now));
        for text in [
            "Tue, 14 Nov 2023 22:13:20-0000",
            "Wed, 14 Nov 2023 22:13:20 GMT",
            "Tue, 14 Nov 2023 22:13:20 +0000",
            "Tue, 14 Nov 2023 22:13:20 UTC",
            "Tue 14 Nov 2023 22:13:20 GMT",
            "Tue, 14 Nov 2023 22:13:20 GMT ",
            " Tue, 14 Nov 2023 22:13:20 GMT",
            "(x) Tue, 14 Nov 2023 22:13:20 GMT",
            "14 Nov 2023 22:13:20 GMT",
            "Tue, 14 Nov 23 22:13:20 GMT",
            "9Tue, 14 Nov 2023 22:13:20 GMT",
            "",
        ] {
            assert_eq!(read(unit, text), None, "{text}");
        }
    }
}
