//! When to ask. A state machine without a clock: the driver tells it what happens, and asks what to do.

use std::time::Duration;

use lookupd_core::Timestamp;

/// From one answer to the next question.
pub(super) const INTERVAL: Duration = Duration::from_secs(2);

/// The longest wait after failures in a row.
const LONGEST_WAIT: Duration = Duration::from_secs(16);

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask.
    Ask,
    /// Come back after this.
    Wait(Duration),
    /// Nothing, until something happens.
    Rest,
}

/// When to ask next. One question at a time; one that is asked for meanwhile follows at once, since the answer under way
/// may be older than what it is asked for.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    paused: bool,
    asking: bool,
    again: bool,
    failures: u32,
    next_at: Timestamp,
}

impl Schedule {
    /// What to do now. [`Step::Ask`] counts as asked.
    pub(super) fn step(&mut self, now: Timestamp) -> Step {
        if self.asking || self.paused {
            return Step::Rest;
        }
        let wait = self.next_at.since(now);
        // A wait longer than any we set means that the clock stepped back.
        if !wait.is_zero() && wait <= LONGEST_WAIT {
            return Step::Wait(wait);
        }
        self.asking = true;
        self.again = false;
        Step::Ask
    }

    /// The question was answered.
    pub(super) fn answered(&mut self, now: Timestamp) {
        self.failures = 0;
        self.rest(INTERVAL, now);
    }

    /// It was not; says when the next one is due.
    pub(super) fn failed(&mut self, now: Timestamp) -> Timestamp {
        let wait = INTERVAL.saturating_mul(1 << self.failures.min(8)).min(LONGEST_WAIT);
        self.failures += 1;
        self.rest(wait, now);
        self.next_at
    }

    /// Ask as soon as possible.
    pub(super) fn refresh(&mut self) {
        self.again = self.asking;
        self.next_at = Timestamp::default();
    }

    /// Ask no more, or ask again and at once.
    pub(super) fn set_paused(&mut self, paused: bool) {
        if self.paused && !paused {
            self.refresh();
        }
        self.paused = paused;
    }

    fn rest(&mut self, wait: Duration, now: Timestamp) {
        self.asking = false;
        self.next_at = if self.again { now } else { now.plus(wait) };
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
        assert_eq!(schedule.step(at(0)), Step::Ask);
        assert_eq!(schedule.step(at(1)), Step::Rest, "the question is under way");
        schedule.answered(at(50));
        assert_eq!(schedule.step(at(50)), Step::Wait(INTERVAL));
        assert_eq!(schedule.step(at(1_050)), Step::Wait(Duration::from_secs(1)));
        assert_eq!(schedule.step(at(2_050)), Step::Ask);
    }

    #[test]
    fn what_is_asked_for_meanwhile_follows_at_once() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.step(at(0)), Step::Ask);
        schedule.refresh();
        assert_eq!(schedule.step(at(1)), Step::Rest);
        schedule.answered(at(50));
        assert_eq!(schedule.step(at(50)), Step::Ask);
        schedule.answered(at(60));
        schedule.refresh();
        assert_eq!(schedule.step(at(61)), Step::Ask);
    }

    #[test]
    fn it_waits_longer_with_each_failure_and_recovers_at_once() {
        let mut schedule = Schedule::default();
        let waits: Vec<u64> = (0..6)
            .map(|_| {
                schedule.refresh();
                assert_eq!(schedule.step(at(0)), Step::Ask);
                schedule.failed(at(0)).since(at(0)).as_secs()
            })
            .collect();
        assert_eq!(waits, [2, 4, 8, 16, 16, 16]);
        schedule.refresh();
        assert_eq!(schedule.step(at(0)), Step::Ask);
        schedule.answered(at(0));
        assert_eq!(schedule.step(at(0)), Step::Wait(INTERVAL));
    }

    #[test]
    fn paused_it_rests_and_then_asks_at_once() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.step(at(0)), Step::Ask);
        schedule.set_paused(true);
        schedule.answered(at(10));
        assert_eq!(schedule.step(at(60_000)), Step::Rest);
        schedule.set_paused(false);
        assert_eq!(schedule.step(at(60_000)), Step::Ask);
    }

    #[test]
    fn a_clock_that_stepped_back_does_not_stop_it() {
        let mut schedule = Schedule::default();
        schedule.step(at(0));
        schedule.answered(at(3_600_000));
        assert_eq!(schedule.step(at(0)), Step::Ask);
    }
}
