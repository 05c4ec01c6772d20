//! What goes wrong, one thing after the other, while everyone goes on.

use std::thread;
use std::time::{Duration, Instant};

use lookupd_tests::{Seed, Weather};

use crate::figures::Figures;
use crate::readers::{EDGE, Readers};
use crate::scene::{REAL_AGENTS, Scene};

/// Registrations, and every fault in turn by chance, until then.
pub(crate) fn until(end: Instant, scene: &mut Scene, readers: &Readers, seed: &mut Seed, figures: &mut Figures) {
    while Instant::now() < end {
        let fault_at = Instant::now() + Duration::from_secs(5 + seed.below(20));
        while Instant::now() < fault_at.min(end) {
            register_something(scene, seed);
            figures.commanded();
            thread::sleep(Duration::from_millis(20 + seed.below(80)));
        }
        let what = cause(scene, readers, seed);
        figures.returned(what, scene.until_all_are_there());
    }
}

fn register_something(scene: &Scene, seed: &mut Seed) {
    let member = usize::try_from(seed.below(scene.crowd.len() as u64)).unwrap_or_default();
    let topic = format!("topic-{}", seed.below(60));
    match seed.below(10) {
        0 => scene.crowd.leave_or_return(member),
        1..=4 => scene.crowd.unregister(member, &topic),
        _ => scene.crowd.register(member, &topic),
    }
}

/// Causes one fault. Says which.
fn cause(scene: &mut Scene, readers: &Readers, seed: &mut Seed) -> &'static str {
    match seed.below(8) {
        0 => {
            scene.edge.evict();
            "evicted"
        }
        1 => {
            readers.while_away(EDGE, || {
                scene.restart_edge();
                scene.edge.address()
            });
            "edge killed by 9"
        }
        2 => {
            readers.while_away(EDGE, || {
                scene.redeploy();
                scene.edge.address()
            });
            "redeployed"
        }
        3 => {
            let number = usize::try_from(seed.below(REAL_AGENTS as u64)).unwrap_or_default();
            readers.while_away(1 + number, || {
                let agent = &mut scene.agents[number].agent;
                agent.kill9();
                agent.restart();
                agent.http()
            });
            "agent killed by 9"
        }
        kind => {
            let (what, weather) = match kind {
                4 => ("network cut", Weather::Cut),
                5 => ("network swallows", Weather::Swallowed),
                6 => ("network halved", if seed.below(2) == 0 { Weather::Deaf } else { Weather::Mute }),
                _ => ("network slow", Weather::Slow(Duration::from_millis(100 + seed.below(900)))),
            };
            scene.network.set(weather);
            thread::sleep(Duration::from_secs(5 + seed.below(30)));
            scene.network.set(Weather::Fair);
            what
        }
    }
}
