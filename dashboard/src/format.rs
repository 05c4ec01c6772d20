//! Numbers, moments and durations as people read them.
//!
//! Numbers and moments are written as in the browser's first language. The units of durations are the SI's symbols, which are
//! the same in all of them; what stands around is English.

use std::time::Duration;

use lookupd_core::Timestamp;

use crate::prefs::Choice;

/// A count with its digits in groups.
pub fn count(number: usize) -> String {
    imp::format(Shape::Number, number as u64)
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
        _ => format!("{} d", count((seconds / 86_400) as usize)),
    }
}

/// How long something will still be so. Counted up, so that it says `1 s` until it is over.
pub fn remaining(left: Duration) -> String {
    duration(Duration::from_secs(left.as_secs() + u64::from(left.subsec_millis() > 0)))
}

/// A moment of this day to the second, by the clock that was chosen.
pub fn time_of_day(at: Timestamp) -> String {
    imp::format(if is_utc() { Shape::TimeUtc } else { Shape::Time }, at.as_millis())
}

/// A moment with its day, to the second, by the clock that was chosen.
pub fn moment(at: Timestamp) -> String {
    imp::format(if is_utc() { Shape::MomentUtc } else { Shape::Moment }, at.as_millis())
}

/// A moment that is over, as was chosen: `3 min ago`, or when it was, with its day where that isn't the last 24 hours.
pub fn past(at: Timestamp, now: Timestamp) -> String {
    let ago = now.since(at);
    match (tells_moments(), ago.as_secs()) {
        (false, _) => format!("{} ago", duration(ago)),
        (true, 0..86_400) => time_of_day(at),
        (true, _) => moment(at),
    }
}

/// Whether a person chose to be told when, rather than how long ago.
pub fn tells_moments() -> bool {
    Choice::Moments.chosen() == 1
}

/// A moment to the millisecond, with its day, in UTC, as machines write it.
pub fn iso(at: Timestamp) -> String {
    js_sys::Date::new(&(at.as_millis() as f64).into()).to_iso_string().into()
}

fn is_utc() -> bool {
    Choice::Clock.chosen() == 1
}

/// What is written in the browser's way.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Number,
    Time,
    TimeUtc,
    Moment,
    MomentUtc,
}

#[cfg(target_arch = "wasm32")]
mod imp {
    use std::cell::OnceCell;

    use js_sys::{Array, Function, Object, Reflect};
    use wasm_bindgen::{JsCast, JsValue};

    use super::Shape;
    use crate::dom;

    /// A number, or a moment in milliseconds.
    pub(super) fn format(shape: Shape, value: u64) -> String {
        FORMATS.with(|formats| {
            // Browsers have had all of it for years; where one hasn't, the bare number is still true.
            let format = formats[shape as usize].get_or_init(|| build(shape));
            let text = format.as_ref().and_then(|(this, format)| format.call1(this, &(value as f64).into()).ok());
            text.and_then(|text| text.as_string()).unwrap_or_else(|| value.to_string())
        })
    }

    thread_local! {
        /// Built once: to build one takes as long as to write a hundred numbers with it.
        static FORMATS: [OnceCell<Option<(JsValue, Function)>>; 5] = const { [const { OnceCell::new() }; 5] };
    }

    /// An `Intl` object of the browser's first language, with its method.
    fn build(shape: Shape) -> Option<(JsValue, Function)> {
        let (class, options): (_, &[(&str, &str)]) = match shape {
            Shape::Number => ("NumberFormat", &[]),
            Shape::Time => ("DateTimeFormat", &[("timeStyle", "medium")]),
            Shape::TimeUtc => ("DateTimeFormat", &[("timeStyle", "long"), ("timeZone", "UTC")]),
            Shape::Moment => ("DateTimeFormat", &[("dateStyle", "medium"), ("timeStyle", "medium")]),
            Shape::MomentUtc => {
                ("DateTimeFormat", &[("dateStyle", "medium"), ("timeStyle", "long"), ("timeZone", "UTC")])
            }
        };
        let given = Object::new();
        for (key, value) in options {
            Reflect::set(&given, &(*key).into(), &(*value).into()).ok()?;
        }
        let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
        let class: Function = Reflect::get(&intl, &class.into()).ok()?.dyn_into().ok()?;
        // A language that the browser doesn't know is no reason to write none.
        let build = |language: JsValue| Reflect::construct(&class, &Array::of2(&language, &given));
        let built = build(dom::language().into()).or_else(|_| build(JsValue::UNDEFINED)).ok()?;
        let format = Reflect::get(&built, &"format".into()).ok()?.dyn_into().ok()?;
        Some((built, format))
    }
}

/// The same where there is no browser, for tests: as in American English, moments in UTC.
#[cfg(not(target_arch = "wasm32"))]
mod imp {
    use super::Shape;

    pub(super) fn format(shape: Shape, value: u64) -> String {
        let seconds = value / 1_000;
        let time = format!("{:02}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        match shape {
            Shape::Number => grouped(value),
            Shape::Time => time,
            Shape::TimeUtc => format!("{time} UTC"),
            Shape::Moment => format!("day {}, {time}", seconds / 86_400),
            Shape::MomentUtc => format!("day {}, {time} UTC", seconds / 86_400),
        }
    }

    fn grouped(number: u64) -> String {
        if number < 1_000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1_000), number % 1_000) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (20_000, "20,000"), (1_034_567, "1,034,567")] {
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

    #[test]
    fn a_moment_is_told_as_was_chosen() {
        let at = Timestamp::from_millis(20_000 * 86_400_000 + 47_107_000);
        let later = |seconds| at.plus(Duration::from_secs(seconds));
        assert_eq!((time_of_day(at), past(at, later(180))), ("13:05:07".into(), "3 min ago".into()));
        Choice::Moments.set(1);
        assert_eq!(
            (past(at, later(86_399)), past(at, later(86_400))),
            ("13:05:07".into(), "day 20000, 13:05:07".into())
        );
        Choice::Clock.set(1);
        assert_eq!((past(at, at), moment(at)), ("13:05:07 UTC".into(), "day 20000, 13:05:07 UTC".into()));
    }
}
