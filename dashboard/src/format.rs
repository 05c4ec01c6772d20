//! Numbers, moments and durations as people read them.

use std::time::Duration;

use lookupd_core::Timestamp;

/// A count with its digits in groups of three.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count with its noun: `1 topic`, `2 topics`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// How long something has been so, cut to what matters: `0 s`, `59 s`, `3 min`, `2 h 5 min`, `3 d`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..600 if !seconds.is_multiple_of(60) => format!("{} min {} s", seconds / 60, seconds % 60),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 if seconds % 3_600 >= 60 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long something will still be so. Counted up, so that it says `1 s` until it is over.
pub fn remaining(left: Duration) -> String {
    duration(Duration::from_secs(left.as_secs() + u64::from(left.subsec_millis() > 0)))
}

/// A moment as the browser's clock shows it, to the second.
pub fn time_of_day(at: Timestamp) -> String {
    let date = js_sys::Date::new(&(at.as_millis() as f64).into());
    format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds())
}

/// A moment to the second, with its day, in UTC, as machines write it.
pub fn iso(at: Timestamp) -> String {
    js_sys::Date::new(&(at.as_millis() as f64).into()).to_iso_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (20_000, "20,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "topic"), "1 topic");
        assert_eq!(counted(0, "topic"), "0 topics");
    }

    #[test]
    fn durations_say_what_matters() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (300, "5 min"),
            (601, "10 min"),
            (3_600, "1 h"),
            (3_659, "1 h"),
            (3_660, "1 h 1 min"),
            (200_000, "2 d"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
        assert_eq!(remaining(Duration::from_millis(1)), "1 s");
        assert_eq!(remaining(Duration::from_millis(44_001)), "45 s");
        assert_eq!(remaining(Duration::ZERO), "0 s");
    }
}
