//! What goes wrong, one thing after the other, while everyone goes on.

use std::thread;
use std::time::{Duration, Instant};

use lookupd_tests::{Seed, Weather};

use crate::figures::Figures;
use crate::readers::{EDGE, Readers};
use crate::scene::{REAL_AGENTS, Scene};

/// Registrations, and every fault in turn by chance, until then.
pub(crate) fn until(end: Instant, scene: &mut Scene, readers: &Readers, seed: &mut Seed, figures: &mut Figures) {
    let mut due = Vec::new();
    while Instant::now() < end {
        let fault_at = Instant::now() + Duration::from_secs(5 + seed.below(20));
        while Instant::now() < fault_at.min(end) {
            register_something(scene, seed);
            figures.commanded();
            thread::sleep(Duration::from_millis(20 + seed.below(80)));
        }
        if due.is_empty() {
            due = FAULTS.to_vec();
        }
        let (what, fault) = due.swap_remove(pick(seed, due.len()));
        readers.note(what);
        cause(fault, scene, readers, seed);
        figures.returned(what, scene.until_all_are_there());
    }
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    Eviction,
    EdgeKilled,
    Redeployment,
    AgentKilled,
    Network(Weather),
}

const FAULTS: [(&str, Fault); 9] = [
    ("evicted", Fault::Eviction),
    ("edge killed by 9", Fault::EdgeKilled),
    ("redeployed", Fault::Redeployment),
    ("agent killed by 9", Fault::AgentKilled),
    ("network cut", Fault::Network(Weather::Cut)),
    ("network swallows", Fault::Network(Weather::Swallowed)),
    ("network deaf", Fault::Network(Weather::Deaf)),
    ("network mute", Fault::Network(Weather::Mute)),
    ("network slow", Fault::Network(Weather::Slow(Duration::from_millis(700)))),
];

fn register_something(scene: &Scene, seed: &mut Seed) {
    let member = pick(seed, scene.crowd.len());
    let topic = format!("topic-{}", seed.below(60));
    match seed.below(10) {
        0 => scene.crowd.leave_or_return(member),
        1..=4 => scene.crowd.unregister(member, &topic),
        _ => scene.crowd.register(member, &topic),
    }
}

fn cause(fault: Fault, scene: &mut Scene, readers: &Readers, seed: &mut Seed) {
    match fault {
        Fault::Eviction => scene.edge.evict(),
        Fault::EdgeKilled => readers.while_away(EDGE, || {
            scene.restart_edge();
            scene.edge.address()
        }),
        Fault::Redeployment => readers.while_away(EDGE, || {
            scene.redeploy();
            scene.edge.address()
        }),
        Fault::AgentKilled => {
            let number = pick(seed, REAL_AGENTS);
            readers.while_away(1 + number, || {
                let agent = &mut scene.agents[number].agent;
                agent.kill9();
                agent.restart();
                agent.http()
            });
        }
        Fault::Network(weather) => {
            scene.network.set(weather);
            thread::sleep(Duration::from_secs(5 + seed.below(30)));
            scene.network.set(Weather::Fair);
        }
    }
}

fn pick(seed: &mut Seed, count: usize) -> usize {
    usize::try_from(seed.below(count as u64)).unwrap_or_default()
}
