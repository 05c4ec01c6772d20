//! Questions and stream together. Pulling is the truth and pushing a hint: the stream says when to ask, and while there is
//! none, the clock does.

use std::time::Duration;

use lookupd_core::Timestamp;

use super::{
    Standing,
    schedule::{Due, Schedule},
    stream::{Act, Link, Stream},
};

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask for changes.
    Ask,
    /// Open the stream.
    Open,
    /// Say on it that somebody is there.
    Ping,
    /// Drop it: it is lost.
    Drop,
    /// Come back after this.
    Wait(Duration),
    /// Nothing, until something happens.
    Rest,
}

/// All that a feed does, without its clock, sockets and chance.
#[derive(Debug, Default)]
pub(super) struct Plan {
    schedule: Schedule,
    stream: Stream,
    is_paused: bool,
}

impl Plan {
    /// What to do now. To be asked again until it says to wait or to rest.
    pub(super) fn step(&mut self, standing: &Standing, now: Timestamp) -> Step {
        let due = self.schedule.step(standing.is_behind, now);
        if due == Due::Now {
            return Step::Ask;
        }
        let is_answered = self.schedule.is_answered() && standing.cursor.is_some();
        let act = if self.is_paused { Act::Rest } else { self.stream.step(is_answered, standing.timeout, now) };
        match (act, due) {
            (Act::Open, _) => Step::Open,
            (Act::Ping, _) => Step::Ping,
            (Act::Drop, _) => Step::Drop,
            (Act::Wait(one), Due::In(other)) => Step::Wait(one.min(other)),
            (Act::Wait(wait), _) | (Act::Rest, Due::In(wait)) => Step::Wait(wait),
            (Act::Rest, _) => Step::Rest,
        }
    }

    /// The question was answered by what could be followed.
    pub(super) fn answered(&mut self, now: Timestamp) {
        self.schedule.answered(now);
    }

    /// It was not, and perhaps the server asked to wait for so long; says when the next one is due.
    pub(super) fn failed(&mut self, asked_for: Duration, now: Timestamp) -> Timestamp {
        self.schedule.failed(asked_for, now)
    }

    /// The stream is there.
    pub(super) fn opened(&mut self, now: Timestamp) {
        self.stream.opened(now);
        self.schedule.set_pushed(true);
    }

    /// Something came on it. Says as of when nothing is missing that was sent on it.
    pub(super) fn heard(&mut self, is_beacon: bool, now: Timestamp) -> Timestamp {
        self.stream.heard(is_beacon, now)
    }

    /// It is gone, or could not be opened. `chance` is from 0 to 1.
    pub(super) fn lost(&mut self, chance: f64, now: Timestamp) {
        self.stream.lost(chance, now);
        self.schedule.set_pushed(false);
    }

    /// Ask as soon as possible.
    pub(super) fn refresh(&mut self) {
        self.schedule.refresh();
    }

    /// Do nothing, and without a stream; or go on, and ask at once.
    pub(super) fn set_paused(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
        if is_paused {
            self.stream.rest();
            self.schedule.set_pushed(false);
        }
        self.schedule.set_paused(is_paused);
    }

    /// How the stream is.
    pub(super) fn link(&self) -> Link {
        self.stream.link()
    }
}

#[cfg(test)]
mod tests {
    use lookupd_core::Cursor;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn standing(is_loaded: bool, is_behind: bool) -> Standing {
        Standing { cursor: is_loaded.then(Cursor::default), is_behind, timeout: Duration::from_secs(300) }
    }

    fn step(plan: &mut Plan, now: u64) -> Step {
        plan.step(&standing(true, false), at(now))
    }

    fn step_behind(plan: &mut Plan, now: u64) -> Step {
        plan.step(&standing(true, true), at(now))
    }

    /// One that asked, was answered and has its stream.
    fn live() -> Plan {
        let mut plan = Plan::default();
        assert_eq!(plan.step(&standing(false, false), at(0)), Step::Ask);
        assert_eq!(
            plan.step(&standing(false, false), at(1)),
            Step::Rest,
            "no stream before there is anything to follow"
        );
        plan.answered(at(2));
        assert_eq!(step(&mut plan, 2), Step::Open);
        assert_eq!(step(&mut plan, 2), Step::Wait(Duration::from_secs(2)), "asked for meanwhile");
        plan.opened(at(3));
        plan
    }

    #[test]
    fn while_there_is_a_stream_nothing_is_asked_but_what_was_missed() {
        let mut plan = live();
        assert_eq!(step(&mut plan, 3), Step::Wait(Duration::from_secs(15)));
        assert_eq!(step(&mut plan, 15_003), Step::Ping);
        plan.heard(false, at(15_010));
        assert_eq!(step_behind(&mut plan, 15_020), Step::Ask);
        plan.answered(at(15_030));
        assert_eq!(step(&mut plan, 15_030), Step::Wait(Duration::from_millis(14_973)));
    }

    #[test]
    fn without_a_stream_it_asks_at_once_and_then_by_the_clock() {
        let mut plan = live();
        plan.lost(1.0, at(20_000));
        assert_eq!(step(&mut plan, 20_000), Step::Ask);
        plan.answered(at(20_010));
        assert_eq!(step(&mut plan, 20_010), Step::Wait(Duration::from_millis(990)), "the stream comes back first");
        assert_eq!(step(&mut plan, 21_000), Step::Open);
        plan.lost(1.0, at(21_010));
        assert_eq!(step(&mut plan, 21_010), Step::Wait(Duration::from_secs(1)));
        assert_eq!(step(&mut plan, 22_010), Step::Ask);
    }

    #[test]
    fn a_server_that_is_away_is_asked_before_it_is_followed() {
        let mut plan = live();
        plan.lost(0.0, at(20_000));
        assert_eq!(step(&mut plan, 20_000), Step::Ask);
        plan.failed(Duration::ZERO, at(20_010));
        assert_eq!(step(&mut plan, 20_010), Step::Wait(Duration::from_secs(2)));
        assert_eq!(step(&mut plan, 22_010), Step::Ask);
        plan.answered(at(22_020));
        assert_eq!(step(&mut plan, 22_020), Step::Open);
    }

    #[test]
    fn paused_it_does_nothing_and_then_begins_again() {
        let mut plan = live();
        plan.set_paused(true);
        assert_eq!(step_behind(&mut plan, 3_600_000), Step::Rest);
        plan.set_paused(false);
        assert_eq!(step(&mut plan, 3_600_001), Step::Ask);
        assert_eq!((step(&mut plan, 3_600_002), plan.link()), (Step::Rest, Link::Opening));
        plan.answered(at(3_600_003));
        assert_eq!(step(&mut plan, 3_600_003), Step::Open);
    }
}
