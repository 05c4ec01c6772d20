//! Whoever talks to us notices nothing: the same scenario on the real nsqlookupd and on our agent, step by step.
//!
//! A scenario is drawn from its number, the seed: clients of the TCP protocol that connect, identify themselves, register
//! and leave in every way; and HTTP requests of every kind. Each step is done to both daemons. What comes back is compared
//! to the byte — frames and closing; status, headers, body and whether the connection lives on — and then everything that
//! both show of their registries: `/topics`, `/nodes`, `/debug`, and `/channels` and `/lookup` of each topic.
//!
//! Where they differ, one of the differences that `COMPATIBILITY.md` documents has to recognise itself
//! ([`differences`]). Where it left the two in different states, its remedy brings one to the state of the other (the
//! ephemeral names that the real daemon leaks, for one, are deleted there), and they are compared again. So the comparison
//! stays exact for the rest of the scenario, and a difference can hide nothing behind it. A run fails, too, if one of the
//! listed differences was never met.
//!
//! A scenario that fails is made as short as it can be while it still fails, and printed with its number:
//! `LOOKUPD_SEED=<number> LOOKUPD_STEPS=1` repeats it. `LOOKUPD_SEED=<any> LOOKUPD_STEPS=300000` runs for long, on other
//! scenarios.

mod conversation;
mod differences;
mod identity;
mod pair;
mod requests;
mod scenario;
mod shorten;
mod side;
mod state;
mod step;

use std::{
    collections::BTreeSet,
    env,
    io::{self, Write as _},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{
    differences::{MET, NOT_MET},
    pair::{Agreement, Hits, play},
    scenario::Scenario,
};

/// What CI does.
const STEPS: usize = 20_000;
/// From this scenario on.
const FIRST_SEED: u64 = 1;

#[test]
fn nobody_notices_which_of_the_two_it_is() {
    let first = number("LOOKUPD_SEED").unwrap_or(FIRST_SEED);
    let wanted = number("LOOKUPD_STEPS").map_or(STEPS, |steps| usize::try_from(steps).expect("a number of steps"));
    let next = AtomicU64::new(first);
    let done = Mutex::new(Agreement::default());
    let work = || {
        while done.lock().unwrap_or_else(PoisonError::into_inner).steps < wanted {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let scenario = Scenario::of(seed);
            let agreement = match play(&scenario.steps, scenario.durable) {
                None => return,
                Some(Ok(agreement)) => agreement,
                Some(Err(disagreement)) => {
                    // So that nobody begins another one.
                    done.lock().unwrap_or_else(PoisonError::into_inner).steps = usize::MAX;
                    panic!("{}", shorten::story(seed, &scenario, &disagreement));
                }
            };
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.steps = done.steps.saturating_add(agreement.steps);
            for (number, times) in agreement.hits {
                *done.hits.entry(number).or_default() += times;
            }
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    let Agreement { steps, hits } = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let last = next.into_inner() - 1;
    // Past the test harness, which would keep it to itself.
    let _ = writeln!(io::stderr(), "{steps} steps of the seeds {first} to {last}; differences met: {hits:?}");
    if steps >= STEPS {
        every_difference_was_met(&hits);
    }
}

fn every_difference_was_met(hits: &Hits) {
    let missed: Vec<_> = MET.iter().filter(|(number, _)| !hits.contains_key(number)).collect();
    assert!(missed.is_empty(), "never met: {missed:?}");
}

#[test]
fn every_documented_difference_is_known_here() {
    let documented =
        include_str!("../../COMPATIBILITY.md").lines().filter_map(|line| line.split_once(". ")?.0.parse().ok());
    let known = MET.iter().chain(NOT_MET).map(|(number, _)| *number);
    assert_eq!(known.clone().count(), MET.len() + NOT_MET.len());
    assert_eq!(known.collect::<BTreeSet<u8>>(), documented.collect());
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}
