//! Makes a scenario that fails as short as it can be.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{
    pair::{Disagreement, play},
    scenario::Scenario,
    step::Step,
};

/// What happened, in as few steps as lead there.
pub(crate) fn story(seed: u64, scenario: &Scenario, disagreement: &Disagreement) -> String {
    let (steps, shortest) = shortened(scenario, disagreement);
    let mut story = format!(
        "seed {seed}, step {}: {disagreement}\n\nrepeat with LOOKUPD_SEED={seed} LOOKUPD_STEPS=1; as short as it gets:\n",
        disagreement.step,
    );
    for (number, step) in steps.iter().enumerate() {
        let _ = writeln!(story, "{number:>3}. {step}");
    }
    let _ = write!(story, "{shortest}");
    story
}

/// Leaves out whatever isn't needed, ever smaller parts of it.
fn shortened(scenario: &Scenario, disagreement: &Disagreement) -> (Vec<Step>, Disagreement) {
    let began = Instant::now();
    let (mut steps, mut shortest) = (scenario.steps.clone(), disagreement.clone());
    steps.truncate(shortest.step + 1);
    let mut length = steps.len().div_ceil(2);
    loop {
        let mut start = 0;
        while start < steps.len() && began.elapsed() < PATIENCE {
            let mut fewer = steps.clone();
            fewer.drain(start..(start + length).min(steps.len()));
            match play(&fewer, scenario.durable) {
                Some(Err(disagreement)) => {
                    fewer.truncate(disagreement.step + 1);
                    (steps, shortest) = (fewer, disagreement);
                }
                _ => start += length,
            }
        }
        if length == 1 {
            return (steps, shortest);
        }
        length = length.div_ceil(2);
    }
}

/// For all of it; a scenario that fails by waiting takes long each time.
const PATIENCE: Duration = Duration::from_secs(90);
