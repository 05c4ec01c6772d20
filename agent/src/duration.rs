//! Durations as Go reads and writes them.

use std::time::Duration;

/// Reads what Go's `time.ParseDuration` reads, but for a minus: `300s`, `1m30s`, `1.5h`, `0`.
///
/// # Errors
/// What is expected instead.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    parse(text).ok_or_else(|| format!("expected a duration such as 45s, 1m30s or 500ms, got {text:?}"))
}

fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, after) = rest.split_at(length);
        let unit_length = after.find(|next: char| next.is_ascii_digit() || next == '.').unwrap_or(after.len());
        let (unit, following) = after.split_at(unit_length);
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = following;
    }
    // As Go: what doesn't fit 63 bits of nanoseconds is no duration.
    if seconds < LONGEST { Duration::try_from_secs_f64(seconds).ok() } else { None }
}

const LONGEST: f64 = 9_223_372_036.0;

/// Writes a duration as Go does, to the second: `5m0s`, `45s`.
pub(crate) fn in_go(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, millis) in [
            ("45s", 45_000),
            ("5m0s", 300_000),
            ("1h1m1s", 3_661_000),
            ("1.5s", 1_500),
            (".5m", 30_000),
            ("2000us", 2),
            ("0", 0),
            ("+1ms", 1),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "45", "s", "-1s", "1 s", "1d", ".s", "1..5s", "9999999999h", "+", "1s ", "NaNs", "infs"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (seconds, text) in [(0, "0s"), (45, "45s"), (300, "5m0s"), (3_661, "1h1m1s")] {
            assert_eq!(in_go(Duration::from_secs(seconds)), text);
        }
    }
}
