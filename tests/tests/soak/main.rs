//! Very many agents on one edge: all come at once, all come back, and the leader's memory stays flat.
//!
//! `make soak` goes on from there for `SOAK_MINUTES` with a thousand of them, and with random registrations, evictions,
//! redeployments, `kill -9` of the edge and of real agents, and network faults; it counts what readers see meanwhile. Without that
//! variable it is the first part alone.

mod faults;
mod figures;
mod readers;
mod scene;

use std::env;
use std::time::{Duration, Instant};

use lookupd_tests::{Seed, allow_open_files};

use crate::figures::{Figures, report};
use crate::readers::Readers;
use crate::scene::Scene;

#[test]
fn all_agents_come_back_and_the_leader_stays_as_it_is() {
    let minutes = env::var("SOAK_MINUTES").ok().map(|text| text.parse::<u64>().expect("SOAK_MINUTES is a number"));
    if !allow_open_files(4 * AGENTS as u64 + 500) {
        return;
    }
    let mut seed = Seed::new();
    // Those that come back do so within a twentieth of this.
    let timeout = Duration::from_secs(if minutes.is_some() { 300 } else { 40 });
    let Some(mut scene) = Scene::start(AGENTS, timeout, &mut seed) else { return };
    let mut figures = Figures::default();
    figures.came(scene.until_all_are_there());
    let at_first = scene.memory();
    scene.redeploy();
    figures.returned("redeployed", scene.until_all_are_there());
    let redeployed = scene.memory();
    let mut evict = |times: usize| {
        for _ in 0..times {
            scene.edge.evict();
            figures.returned("evicted", scene.until_all_are_there());
        }
        scene.memory()
    };
    let before = evict(2);
    let after = evict(3);
    report(&format!("{AGENTS} agents: {figures}"));
    for (when, memory) in [
        ("all had come", &at_first),
        ("redeployed", &redeployed),
        ("evicted twice", &before),
        ("evicted five times", &after),
    ] {
        report(&format!("  {when}: {memory}"));
    }
    // Each time that they come back, a thousand streams are opened; what that takes is given back.
    assert!(after.workerd < before.workerd + before.workerd / 2, "{before} became {after}");
    scene.assert_equal();

    let Some(minutes) = minutes else { return };
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let readers = Readers::start(&scene);
    faults::until(end, &mut scene, &readers, &mut seed, &mut figures);
    let readings = readers.stop();
    scene.until_all_are_there();
    scene.assert_equal();
    let last = scene.memory();
    report(&format!("after {minutes} minutes: {figures}\n{readings}\n  at first: {before}\n  at last: {last}"));
    assert_eq!(readings.wrong(), 0);
    assert!(last.workerd < 2 * before.workerd, "{before} became {last}");
}

const AGENTS: usize = 1_000;
