//! A run that failed, reduced and told.

use std::fmt::Write;

use crate::{
    checks::Violation,
    event::{Event, LONG_TEXT, LONG_TEXT_TIMES, draw},
    random::Random,
    world::World,
};

/// Runs it, and gives what it broke.
pub(crate) fn run(seed: u64, events: &[Event], only: Option<u8>) -> Option<Violation> {
    let mut world = World::new(seed, only);
    for event in events {
        world.take(event);
        if world.checks.violation.is_some() {
            return world.checks.violation;
        }
    }
    world.come_to_rest();
    world.checks.violation
}

pub(crate) fn events(seed: u64, count: usize) -> Vec<Event> {
    // In one run of sixteen the log is compacted.
    draw(&mut Random::new(seed), count, seed % 16 == 1)
}

/// The seed, and the fewest events found that break the same invariant.
pub(crate) fn tell(seed: u64, mut events: Vec<Event>, mut violation: Violation, only: Option<u8>) -> String {
    let only = only.or(Some(violation.invariant));
    let mut piece = events.len() / 2;
    while piece > 0 {
        let mut start = 0;
        while start < events.len() {
            let mut fewer = events.clone();
            let dropped: Vec<Event> = fewer.drain(start..(start + piece).min(events.len())).collect();
            // The time that it took passes all the same.
            if let Some(next) = fewer.get_mut(start) {
                next.after_ms += dropped.iter().map(|event| event.after_ms).sum::<u64>();
            }
            match run(seed, &fewer, only) {
                Some(found) => (events, violation) = (fewer, found),
                None => start += piece,
            }
        }
        piece /= 2;
    }
    let mut story = format!("invariant {} is broken, seed {seed}: {}\n", violation.invariant, violation.what);
    for Event { after_ms, what } in &events {
        let what = format!("{what:?}").replace(&LONG_TEXT.repeat(LONG_TEXT_TIMES), "a long text");
        writeln!(story, "  after {after_ms} ms: {what}").unwrap();
    }
    story
}
