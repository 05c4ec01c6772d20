//! Moments as data: core never asks what time it is.

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

/// Whole milliseconds of a duration, at most `u64::MAX`.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A text that is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDuration;

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 45s, 1m30s or 500ms")
    }
}

impl core::error::Error for InvalidDuration {}

/// Reads a duration as nsqlookupd's flags are written: whole numbers with the units `h`, `m`, `s` and `ms`, as in `5m0s`.
///
/// # Errors
/// [`InvalidDuration`] for anything else, the fractions, signs and smaller units that Go's `time.ParseDuration` also
/// takes included.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() || text.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let unit_length = after.bytes().take_while(u8::is_ascii_lowercase).count();
        let (unit, following) = after.split_at(unit_length);
        let unit_millis = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return Err(InvalidDuration),
        };
        let number: u32 = number.parse().map_err(|_| InvalidDuration)?;
        total += Duration::from_millis(u64::from(number) * unit_millis);
        rest = following;
    }
    Ok(total)
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
    fn durations_are_written_as_for_nsqlookupd() {
        for (text, seconds) in [("45s", 45), ("5m0s", 300), ("1h", 3_600), ("1h1m1s", 3_661), ("2000ms", 2), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "45", "s", "-1s", "1.5s", "1 s", "1d", "99999999999s", "1s ", "1us"] {
            assert_eq!(parse_duration(bad), Err(InvalidDuration), "{bad}");
        }
    }
}
