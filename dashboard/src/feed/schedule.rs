//! When to ask for changes. A state machine without a clock: the driver tells it what happens, and asks what to do.

use std::time::Duration;

use lookupd_core::Timestamp;

/// From one answer to the next question, where nothing is pushed.
pub(super) const INTERVAL: Duration = Duration::from_secs(2);

/// The longest wait after failures in a row.
const LONGEST_WAIT: Duration = Duration::from_secs(16);

/// The longest that a server may ask for. One that asks for more is asked all the same.
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(300);

/// From one answer to the next question, where what was pushed needs both.
const BETWEEN: Duration = Duration::from_millis(250);

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Ask.
    Now,
    /// Come back after this.
    In(Duration),
    /// Nothing, until something happens.
    Never,
}

/// When to ask next. One question at a time; one that is asked for meanwhile follows at once, since the answer under way
/// may be older than what it is asked for. While changes are pushed, only what was missed is asked for.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    is_paused: bool,
    is_pushed: bool,
    is_asking: bool,
    /// Whether it is asked for, whatever is pushed.
    is_wanted: bool,
    failures: u32,
    next_at: Timestamp,
}

impl Schedule {
    /// What to do now, where something is known to be missing or isn't. [`Due::Now`] counts as asked.
    pub(super) fn step(&mut self, is_behind: bool, now: Timestamp) -> Due {
        let is_needless = self.is_pushed && !is_behind && !self.is_wanted && self.failures == 0;
        if self.is_asking || self.is_paused || is_needless {
            return Due::Never;
        }
        let wait = self.next_at.since(now);
        // A wait longer than any we set means that the clock stepped back.
        if !self.is_wanted && !wait.is_zero() && wait <= LONGEST_ASKED_FOR {
            return Due::In(wait);
        }
        self.is_asking = true;
        self.is_wanted = false;
        Due::Now
    }

    /// The question was answered.
    pub(super) fn answered(&mut self, now: Timestamp) {
        self.failures = 0;
        self.is_asking = false;
        self.next_at = now.plus(if self.is_pushed { BETWEEN } else { INTERVAL });
    }

    /// It was not, and perhaps the server asked to wait for so long; says when the next one is due.
    pub(super) fn failed(&mut self, asked_for: Duration, now: Timestamp) -> Timestamp {
        let wait = INTERVAL.saturating_mul(1 << self.failures.min(8)).min(LONGEST_WAIT);
        let wait = wait.max(asked_for.min(LONGEST_ASKED_FOR));
        self.failures += 1;
        self.is_asking = false;
        self.next_at = now.plus(wait);
        self.next_at
    }

    /// Whether the last question was answered, and none is open.
    pub(super) fn is_answered(&self) -> bool {
        self.failures == 0 && !self.is_asking && !self.is_wanted
    }

    /// Ask as soon as possible.
    pub(super) fn refresh(&mut self) {
        self.is_wanted = true;
    }

    /// Changes are pushed from now on; or no longer, and something may have been missed.
    pub(super) fn set_pushed(&mut self, is_pushed: bool) {
        self.is_wanted |= self.is_pushed && !is_pushed;
        self.is_pushed = is_pushed;
    }

    /// Ask no more, or ask again and at once.
    pub(super) fn set_paused(&mut self, is_paused: bool) {
        self.is_wanted |= self.is_paused && !is_paused;
        self.is_paused = is_paused;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn it_asks_every_two_seconds_and_once_at_a_time() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.step(false, at(0)), Due::Now);
        assert_eq!(schedule.step(false, at(1)), Due::Never, "the question is under way");
        schedule.answered(at(50));
        assert_eq!(schedule.step(false, at(50)), Due::In(INTERVAL));
        assert_eq!(schedule.step(false, at(1_050)), Due::In(Duration::from_secs(1)));
        assert_eq!(schedule.step(false, at(2_050)), Due::Now);
    }

    #[test]
    fn what_is_asked_for_meanwhile_follows_at_once() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.step(false, at(0)), Due::Now);
        schedule.refresh();
        assert_eq!(schedule.step(false, at(1)), Due::Never);
        schedule.answered(at(50));
        assert_eq!(schedule.step(false, at(50)), Due::Now);
        schedule.answered(at(60));
        schedule.refresh();
        assert_eq!(schedule.step(false, at(61)), Due::Now);
    }

    #[test]
    fn it_waits_longer_with_each_failure_and_recovers_at_once() {
        let mut schedule = Schedule::default();
        let waits: Vec<u64> = (0..6)
            .map(|_| {
                schedule.refresh();
                assert_eq!(schedule.step(false, at(0)), Due::Now);
                schedule.failed(Duration::ZERO, at(0)).since(at(0)).as_secs()
            })
            .collect();
        assert_eq!(waits, [2, 4, 8, 16, 16, 16]);
        schedule.refresh();
        assert_eq!(schedule.step(false, at(0)), Due::Now);
        schedule.answered(at(0));
        assert_eq!(schedule.step(false, at(0)), Due::In(INTERVAL));
    }

    #[test]
    fn what_is_pushed_is_not_asked_for_but_what_was_missed_is() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.step(false, at(0)), Due::Now);
        schedule.answered(at(0));
        schedule.set_pushed(true);
        assert_eq!(schedule.step(false, at(3_600_000)), Due::Never);
        assert_eq!(schedule.step(true, at(3_600_000)), Due::Now);
        assert_eq!(schedule.step(true, at(3_600_001)), Due::Never, "once, however much is missed meanwhile");
        schedule.answered(at(3_600_002));
        assert_eq!(schedule.step(true, at(3_600_002)), Due::In(BETWEEN), "the next, if more was missed");
        assert_eq!(schedule.step(false, at(3_600_002)), Due::Never);
        schedule.refresh();
        assert_eq!(schedule.step(false, at(3_600_003)), Due::Now, "a person wants to know");
        schedule.failed(Duration::ZERO, at(3_600_004));
        assert_eq!(schedule.step(false, at(3_600_004)), Due::In(INTERVAL), "a failure is asked again");
        schedule.answered(at(3_600_005));
        schedule.set_pushed(false);
        assert_eq!(schedule.step(false, at(3_600_005)), Due::Now, "the last of it may be lost");
    }

    #[test]
    fn paused_it_rests_and_then_asks_at_once() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.step(false, at(0)), Due::Now);
        schedule.set_paused(true);
        schedule.answered(at(10));
        assert_eq!(schedule.step(true, at(60_000)), Due::Never);
        schedule.set_paused(false);
        assert_eq!(schedule.step(false, at(60_000)), Due::Now);
    }

    #[test]
    fn a_clock_that_stepped_back_does_not_stop_it() {
        let mut schedule = Schedule::default();
        schedule.step(false, at(0));
        schedule.answered(at(3_600_000));
        assert_eq!(schedule.step(false, at(0)), Due::Now);
    }

    #[test]
    fn a_server_that_asks_for_patience_is_given_it_within_reason() {
        for (asked_for, waits) in [(0, 2), (1, 2), (30, 30), (86_400, 300)] {
            let mut schedule = Schedule::default();
            assert_eq!(schedule.step(false, at(0)), Due::Now);
            let next_at = schedule.failed(Duration::from_secs(asked_for), at(0));
            assert_eq!(next_at, at(waits * 1_000), "{asked_for}");
            assert_eq!(schedule.step(false, at(0)), Due::In(Duration::from_secs(waits)));
            schedule.refresh();
            assert_eq!(schedule.step(false, at(1)), Due::Now, "a person is not kept waiting");
        }
    }
}
