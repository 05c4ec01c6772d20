//! Everybody in one process and on one clock: the leader over a disk that fails, isolates, agents with their nsqds,
//! followers, and whoever asks over HTTP. All of them are the machines of `lookupd_core` that the homes run; only the homes
//! are played here. A run follows from its seed alone: its events are drawn before it begins (`event.rs`), and what the network
//! does is drawn as it goes. After each event every invariant is checked that can be (`checks.rs`), and at the end faults
//! stop and what must then hold is looked at (`world/rest.rs`). A run that breaks one is repeated with fewer events as long as it
//! still does, and told. A second test leaves the faults out, but not that the leader loses its memory, and compares what everybody
//! answers after each event with a plain nsqlookupd (`nsqlookupd.rs`, `world/beside.rs`).
//!
//! - `SIMULATION_SEED=N` repeats one run; `SIMULATION_RUNS`, `SIMULATION_EVENTS` and `SIMULATION_SECONDS` (instead of runs)
//!   make it more; `SIMULATION_ONLY=N` looks at one invariant alone.
//! - `make soak-simulation` goes on for an hour.
//!
//! # Faults
//!
//! Writes that fail before and after they are stored; memory lost after 10 s without an event, by eviction, and with all
//! streams by a redeployment; a leader that is out of reach; a disk put back to a backup; a wall clock that steps back;
//! messages that take up to 3 s and overtake each other (not within a stream), answers that are lost, commands and messages
//! that come twice, streams that break and of which the leader learns late; requests that are cancelled; isolates that start anew;
//! agents that crash, with and without what they saved, and a second one under the same id; nsqds that stop, hang and
//! connect again before their older connection ends; a leader of an unknown format; clocks that differ by hours.
//!
//! Nobody's clock but the leader's steps, and that one never forward: a jump forward looks to the leader as if a grant had
//! ended, and nothing that it knows tells otherwise.
//!
//! # What each check takes its invariant for
//!
//! | | |
//! |---|---|
//! | 1, 3 | the state of every copy, to the byte and as its queries tell it, is that of a batch that was stored |
//! | 2 | the leader, whenever it changed or was loaded, is what all stored batches lead to, replayed beside it |
//! | 4 | no revision was acknowledged that isn't stored |
//! | 5 | a copy's revision falls only after the disk was put back |
//! | 6, 7 | of isolates' reads that aren't marked as stale; what an agent or a follower shows may always be old. A read counts by when it began. For as long as a grant after the disk was put back, nothing is asked of them |
//! | 8 | at the leader: an HTTP producer within its lease, T − T/4, since its answer; an nsqd of which its agent knew that the leader knows all, until T less 30 s later |
//! | 9 | HTTP producers, at the leader and in what isolates answer |
//! | 10 | as 2, 8, 9 and 21, with memory lost all the time |
//! | 11 | no isolate answers before it was loaded |
//! | 12, 20 | after faults stopped: all agents settled, all copies at the leader's cursor, no refresh stuck; and after one more announcement each agent's claims that aren't silent are what its nsqds said, no more and no less |
//! | 13 | nodes listed once; claims and topics tell the same registrations, and as many as are counted |
//! | 14 | an older connection's end leaves its agent's node as it is |
//! | 15 | a command that comes twice (but a tombstone, which begins anew) and a message that comes twice |
//! | 16 | as 8, from the moment that the agent crashed |
//! | 17 | after faults stopped: heartbeats, and a reconnection of all agents between two sweeps |
//! | 18 | rows, messages, waiting nodes, unanswered messages; one run of eight has room for so little that much is refused |
//! | 19 | the times of batches; and a copy's clock is never ahead of the leader's |
//! | 21 | without faults, of the leader, isolates and agents: topics, channels, what `/lookup` finds, nodes. Left out are producers over HTTP in the time in which they may or may not be inactive, and tombstones in the second around their end |
//! | 22 | a copy's cursor stays where an answer or a message can't be read, wholly or in its last batch |
//!
//! Not here: 21 to the byte, which the recorded answers and the random scenarios on the real daemon show; 17's rows on the real
//! runtime.
//!
//! # Seen to fail
//!
//! Each check alone (`SIMULATION_ONLY`), with its rule broken in the core on purpose; runs of 500 events from seed 1 on, until
//! the first that fails. Two threads share the runs, so the number may differ by one.
//!
//! | | what was broken | runs |
//! |---|---|---|
//! | 1 | a snapshot leaves tombstones out | 9 |
//! | 2 | a snapshot leaves out which life an agent is in | 1 |
//! | 2 | the leader applies what could not be stored | 1 |
//! | 3 | a replica keeps its old check when it pulls | 1 |
//! | 4 | the leader acknowledges what could not be stored | 1 |
//! | 5 | a replica lets a late answer take the state back | 2 |
//! | 6 | an isolate answers beyond its grant | 1 |
//! | 7 | nothing is held | 8 |
//! | 7 | a leader loaded anew holds nothing | 151 |
//! | 7 | a deletion that changes nothing isn't held | 189 |
//! | 8, 10 | what was saved of heartbeats isn't recalled | 2 |
//! | 8 | agents are judged where their heartbeats aren't known | 20 |
//! | 9 | the sweep doesn't see silence | 1 |
//! | 9, 10 | a leader loaded anew takes all for heard at the last batch | 1 |
//! | 11 | a replica answers before it is loaded | 1 |
//! | 12 | an agent announces nothing on a new stream | 1 |
//! | 12 | settling removes nothing | 5 |
//! | 13 | a node is listed once a claim | 2 |
//! | 13 | a topic that is deleted stays with its claims | 2 |
//! | 14 | an older connection's end removes its node | 1 |
//! | 15 | the same announcement is news | 2 |
//! | 16 | settling removes what a new life hasn't confirmed | 6 |
//! | 16 | an agent's start makes all that it announced silent for ever | 1 |
//! | 17 | every connection of an agent is written down | 2 |
//! | 18 | limits aren't looked at | 8 |
//! | 19 | the leader's time and the batches' fall with the clock | 3 |
//! | 20 | an agent doesn't take acknowledgements | 2 |
//! | 10, 21 | what was saved of heartbeats isn't recalled | 2 |
//! | 21 | an ephemeral topic without producers outlives UNREGISTER | 7 |
//! | 22 | a replica applies what it has decoded before it has decoded the rest | 1 |
#![allow(clippy::unwrap_used)]

mod checks;
mod disk;
mod event;
mod nsqlookupd;
mod random;
mod story;
mod world;

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

#[test]
#[expect(clippy::print_stdout, reason = "how much was run is worth knowing")]
fn every_invariant_holds_in_thousands_of_runs() {
    let first = number("SIMULATION_SEED");
    let seconds = number("SIMULATION_SECONDS").map(Duration::from_secs);
    let runs = number("SIMULATION_RUNS").unwrap_or(if first.is_some() { 1 } else { 2_000 });
    let only = number("SIMULATION_ONLY").map(|only| only as u8);
    let count = number("SIMULATION_EVENTS").unwrap_or(500) as usize;
    let (began, next) = (Instant::now(), AtomicU64::new(0));
    let work = || {
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if seconds.map_or(run >= runs, |limit| began.elapsed() >= limit) {
                return;
            }
            let seed = first.unwrap_or(1) + run;
            let events = story::events(seed, count);
            if let Some(violation) = story::run(seed, &events, only) {
                next.fetch_add(1 << 40, Ordering::Relaxed);
                panic!("run {run}: {}", story::tell(seed, events, violation, only));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let runs = next.into_inner();
    println!("about {runs} runs of {count} events in {:?}", began.elapsed());
}

#[test]
fn without_faults_everybody_answers_as_nsqlookupd() {
    for seed in 1..=100 {
        let mut beside = world::Beside::new(seed);
        for (number, event) in story::events(seed, 300).iter().enumerate() {
            beside.take(event);
            if let Some(violation) = beside.violation() {
                panic!("seed {seed}, event {number}, {:?}: {violation:?}", event.what);
            }
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}
