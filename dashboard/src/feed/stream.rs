//! When to open the stream, when to say on it that somebody is there, and when to give it up. A state machine without a
//! clock and without chance: both are told.

use std::time::Duration;

use lookupd_core::{Timestamp, millis};

/// How the stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Not there yet, and not tried in vain since the feed began.
    #[default]
    Opening,
    /// There: changes come as they happen.
    Open,
    /// Not there: changes are asked for.
    Closed,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Open it.
    Open,
    /// Say that somebody is there.
    Ping,
    /// Drop it: it is [`lost`](Stream::lost).
    Drop,
    /// Come back after this.
    Wait(Duration),
    /// Nothing, until something happens.
    Rest,
}

/// One stream at a time.
#[derive(Debug, Default)]
pub(super) struct Stream {
    phase: Phase,
    /// Attempts since one that lasted.
    failures: u32,
    is_tried: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed { until: Timestamp },
    Opening { since: Timestamp },
    Open(Opened),
}

#[derive(Clone, Copy, Debug)]
struct Opened {
    at: Timestamp,
    beacon_at: Timestamp,
    pinged_at: Timestamp,
    /// The first ping since anything came.
    unanswered_since: Option<Timestamp>,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed { until: Timestamp::default() }
    }
}

impl Stream {
    /// What to do now. It is opened only while questions are answered: who can't be asked needn't be followed. `timeout` is
    /// the one of producers, by which its beacons come.
    pub(super) fn step(&mut self, is_answered: bool, timeout: Duration, now: Timestamp) -> Act {
        match &mut self.phase {
            Phase::Closed { until } => match left(*until, LONGEST_WAIT, now) {
                _ if !is_answered => Act::Rest,
                Some(wait) => Act::Wait(wait),
                None => {
                    self.phase = Phase::Opening { since: now };
                    Act::Open
                }
            },
            Phase::Opening { since } => {
                left(since.plus(OPENED_WITHIN), OPENED_WITHIN, now).map_or(Act::Drop, Act::Wait)
            }
            Phase::Open(opened) => opened.step(timeout, now),
        }
    }

    /// It is there.
    pub(super) fn opened(&mut self, now: Timestamp) {
        self.is_tried = true;
        self.phase = Phase::Open(Opened { at: now, beacon_at: now, pinged_at: now, unanswered_since: None });
    }

    /// Something came on it. Says as of when nothing is missing that was sent on it, by the local clock.
    pub(super) fn heard(&mut self, is_beacon: bool, now: Timestamp) -> Timestamp {
        let Phase::Open(opened) = &mut self.phase else { return now };
        if is_beacon {
            opened.beacon_at = now;
        }
        opened.unanswered_since.take().unwrap_or(now)
    }

    /// It is gone, or could not be opened; nothing where it wasn't even tried. `chance` is from 0 to 1, so that not everyone
    /// comes back at once.
    pub(super) fn lost(&mut self, chance: f64, now: Timestamp) {
        if matches!(self.phase, Phase::Closed { .. }) {
            return;
        }
        let lasted = matches!(self.phase, Phase::Open(opened) if now.since(opened.at) >= LASTING);
        let failures = if lasted { 0 } else { self.failures };
        let wait = match failures {
            0 => part(SOON, chance),
            1..FUTILE => part(LATER, chance),
            _ => SELDOM + part(SELDOM, chance),
        };
        self.failures = failures + 1;
        self.is_tried = true;
        self.phase = Phase::Closed { until: now.plus(wait) };
    }

    /// Nobody wants it, until the next step.
    pub(super) fn rest(&mut self) {
        *self = Self { failures: self.failures, ..Self::default() };
    }

    /// How it is.
    pub(super) fn link(&self) -> Link {
        match self.phase {
            Phase::Open(_) => Link::Open,
            _ if self.is_tried => Link::Closed,
            _ => Link::Opening,
        }
    }
}

impl Opened {
    fn step(&mut self, timeout: Duration, now: Timestamp) -> Act {
        // A pong is due within two beats, one beacon within three sweeps.
        let beat = (timeout / 20).clamp(SHORTEST_BEAT, LONGEST_BEAT);
        let is_mute = self.unanswered_since.is_some_and(|since| now.since(since) >= beat * 2);
        if is_mute || now.since(self.beacon_at) > timeout.max(LASTING) {
            return Act::Drop;
        }
        if let Some(wait) = left(self.pinged_at.plus(beat), beat, now) {
            return Act::Wait(wait);
        }
        self.pinged_at = now;
        self.unanswered_since.get_or_insert(now);
        Act::Ping
    }
}

fn part(longest: Duration, chance: f64) -> Duration {
    Duration::from_millis((millis(longest) as f64 * chance) as u64)
}

/// What is left until then. Nothing of a wait longer than the longest that is set: then the clock stepped back.
fn left(until: Timestamp, longest: Duration, now: Timestamp) -> Option<Duration> {
    let wait = until.since(now);
    (!wait.is_zero() && wait <= longest).then_some(wait)
}

/// How long a handshake may take.
const OPENED_WITHIN: Duration = Duration::from_secs(10);

/// A stream that was there for so long counts as one that works.
const LASTING: Duration = Duration::from_secs(10);

/// The longest wait after a stream that worked, and after the first attempt.
const SOON: Duration = Duration::from_secs(1);

/// The longest wait after further attempts that came to nothing.
const LATER: Duration = Duration::from_secs(15);

/// After so many, something on the way lets none through: it is tried once in a while.
const FUTILE: u32 = 3;

/// The shortest wait from then on; the longest is twice that.
const SELDOM: Duration = Duration::from_secs(60);

const LONGEST_WAIT: Duration = Duration::from_secs(120);

const SHORTEST_BEAT: Duration = Duration::from_secs(1);

/// What stands between closes a connection on which nothing is said for a minute or two.
const LONGEST_BEAT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(300);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn step(stream: &mut Stream, now: u64) -> Act {
        stream.step(true, TIMEOUT, at(now))
    }

    fn opened(now: u64) -> Stream {
        let mut stream = Stream::default();
        assert_eq!((step(&mut stream, now), stream.link()), (Act::Open, Link::Opening));
        stream.opened(at(now));
        stream
    }

    #[test]
    fn it_is_opened_once_questions_are_answered() {
        let mut stream = Stream::default();
        assert_eq!(stream.step(false, TIMEOUT, at(0)), Act::Rest);
        assert_eq!(stream.step(true, TIMEOUT, at(0)), Act::Open);
        assert_eq!(stream.step(true, TIMEOUT, at(1_000)), Act::Wait(Duration::from_secs(9)), "once");
        assert_eq!(stream.step(true, TIMEOUT, at(10_000)), Act::Drop, "a handshake that hangs");
        stream.lost(0.5, at(10_000));
        assert_eq!(stream.link(), Link::Closed);
    }

    #[test]
    fn it_says_that_somebody_is_there_and_wants_to_be_answered() {
        let mut stream = opened(0);
        assert_eq!(stream.link(), Link::Open);
        assert_eq!(step(&mut stream, 0), Act::Wait(Duration::from_secs(15)));
        assert_eq!(step(&mut stream, 15_000), Act::Ping);
        assert_eq!(stream.heard(false, at(15_020)), at(15_000), "what was sent before the ping is here");
        assert_eq!(stream.heard(false, at(15_030)), at(15_030));
        assert_eq!(step(&mut stream, 30_000), Act::Ping);
        assert_eq!(step(&mut stream, 45_000), Act::Ping);
        assert_eq!(step(&mut stream, 59_000), Act::Wait(Duration::from_secs(1)));
        assert_eq!(step(&mut stream, 60_000), Act::Drop, "no pong for a tenth of the timeout");
    }

    #[test]
    fn pongs_do_not_make_up_for_beacons() {
        let mut stream = opened(0);
        let mut now = 0;
        let dropped_at = loop {
            now += 5_000;
            match step(&mut stream, now) {
                Act::Drop => break now,
                Act::Ping => stream.heard(now == 150_000, at(now)),
                _ => continue,
            };
        };
        assert_eq!(dropped_at, 455_000, "three sweeps after the last beacon");
    }

    #[test]
    fn after_one_that_worked_it_comes_back_soon_and_else_later_and_at_last_seldom() {
        let mut stream = opened(0);
        stream.lost(0.5, at(60_000));
        assert_eq!(step(&mut stream, 60_000), Act::Wait(Duration::from_millis(500)));
        let mut now = 61_000;
        for (chance, wait) in [(0.5, 7_500), (1.0, 15_000), (0.0, 60_000), (1.0, 120_000)] {
            assert_eq!(step(&mut stream, now), Act::Open);
            stream.lost(chance, at(now));
            assert_eq!(step(&mut stream, now), Act::Wait(Duration::from_millis(wait)), "{chance}");
            now += wait;
        }
        assert_eq!(step(&mut stream, 2_000_000), Act::Open);
        stream.opened(at(2_000_000));
        stream.lost(0.0, at(2_000_001));
        assert_eq!(step(&mut stream, 2_000_001), Act::Wait(SELDOM), "one that is closed at once doesn't work");
        assert_eq!(step(&mut stream, 3_000_000), Act::Open);
        stream.opened(at(3_000_000));
        stream.lost(0.5, at(3_010_000));
        assert_eq!(step(&mut stream, 3_010_000), Act::Wait(Duration::from_millis(500)), "one that lasts does");
    }

    #[test]
    fn it_rests_and_is_then_opened_at_once() {
        let mut stream = opened(0);
        stream.lost(1.0, at(1));
        stream.rest();
        assert_eq!(stream.link(), Link::Opening);
        assert_eq!(step(&mut stream, 2), Act::Open);
    }

    #[test]
    fn a_clock_that_stepped_back_stops_nothing() {
        let mut stream = opened(3_600_000);
        assert_eq!(step(&mut stream, 0), Act::Ping);
        stream.lost(1.0, at(3_600_000));
        assert_eq!(step(&mut stream, 0), Act::Open);
    }
}
