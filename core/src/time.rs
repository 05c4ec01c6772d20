//! Moments as data: core never asks what time it is.

use alloc::{format, string::String};
use core::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since the Unix epoch.
///
/// A wall clock can step back, so differences saturate at zero instead of failing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero where it isn't earlier.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This moment and `duration` later.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This moment less `duration`, not before the epoch.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

impl Timestamp {
    /// The moment in UTC to the second, as it can stand in a file's name: `20261126T093000Z`.
    pub fn compact(self) -> String {
        let seconds = self.0 / 1_000;
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        // Years that begin in March, so that a leap day is a year's last: counted from 1 March of year 0.
        let days = days + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = era * 400 + year_of_era + next;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }
}

/// Whole milliseconds of a duration, at most `u64::MAX`.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A text that is no duration, or a negative one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDuration;

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a duration such as 45s, 1m30s or 500ms")
    }
}

impl core::error::Error for InvalidDuration {}

/// Reads what Go's `time.ParseDuration` reads, as nsqlookupd's flags do, to the nanosecond: `300s`, `1m30s`, `1.5h`, `0`.
///
/// # Errors
/// [`InvalidDuration`] for what Go refuses, what takes more than 63 bits of nanoseconds included; and for less than
/// nothing.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    parse(text).map(Duration::from_nanos).ok_or(InvalidDuration)
}

fn parse(text: &str) -> Option<u64> {
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = split_digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), split_digits);
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let unit_length = after.find(|next: char| next.is_ascii_digit() || next == '.').unwrap_or(after.len());
        let (unit, following) = after.split_at(unit_length);
        let unit = nanoseconds(unit)?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(unit)?)?.checked_add(part_of(unit, fraction))?;
        rest = following;
    }
    let fits = i64::try_from(total).is_ok() && (!is_negative || total == 0);
    fits.then_some(total)
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // Two characters look like this: the sign for micro, and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// What the digits behind a point are of a unit, rounded as Go does it; those that don't fit make no difference.
fn part_of(unit: u64, digits: &str) -> u64 {
    let (mut numerator, mut denominator): (u64, f64) = (0, 1.0);
    for digit in digits.bytes() {
        let Some(longer) = numerator.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(digit - b'0'))) else {
            break;
        };
        (numerator, denominator) = (longer, denominator * 10.0);
    }
    (numerator as f64 * (unit as f64 / denominator)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_saturate_when_the_clock_steps_back() {
        let (early, late) = (Timestamp::from_millis(1_000), Timestamp::from_millis(3_500));
        assert_eq!(late.since(early), Duration::from_millis(2_500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early.minus(Duration::from_secs(9)), Timestamp::from_millis(0));
        assert_eq!(late.plus(Duration::MAX), Timestamp::from_millis(u64::MAX));
    }

    #[test]
    fn a_moment_is_named_in_utc() {
        // As `date -u -d @SECONDS +%Y%m%dT%H%M%SZ` says.
        for (seconds, name) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_700_000_000, "20231114T221320Z"),
            (1_798_761_599, "20261231T235959Z"),
            (1_798_761_600, "20270101T000000Z"),
            (4_107_542_400, "21000301T000000Z"),
            (253_402_300_799, "99991231T235959Z"),
        ] {
            assert_eq!(Timestamp::from_millis(seconds * 1_000 + 999).compact(), name);
        }
        assert!(Timestamp::from_millis(u64::MAX).compact().ends_with('Z'));
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, nanos) in [
            ("45s", 45_000_000_000),
            ("5m0s", 300_000_000_000),
            ("1h1m1s", 3_661_000_000_000),
            ("2000ms", 2_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5m", 30_000_000_000),
            ("5.s", 5_000_000_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("9007199254.740993ms", 9_007_199_254_740_993),
            ("9223372036854775807ns", i64::MAX as u64),
            ("2000us", 2_000_000),
            ("3\u{b5}s4\u{3bc}s", 7_000),
            ("1s1s1ns", 2_000_000_001),
            ("0", 0),
            ("-0", 0),
            ("-0s", 0),
            ("+1ms", 1_000_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
        for bad in [
            "",
            "45",
            "s",
            "-1s",
            "1 s",
            "1d",
            ".s",
            ".",
            "1..5s",
            "1.5.s",
            "9999999999h",
            "9223372036854775808ns",
            "99999999999999999999s",
            "9223372036.9s",
            "+",
            "-",
            "+-1s",
            "1s ",
            " 1s",
            "NaNs",
            "infs",
            "1S",
            "0x1s",
            "1s1",
        ] {
            assert_eq!(parse_duration(bad), Err(InvalidDuration), "{bad}");
        }
    }
}
