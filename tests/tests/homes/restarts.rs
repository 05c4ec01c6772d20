//! An agent restarts with its nsqds alive: nobody misses them (invariant 16).

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lookupd_tests::{Directory, Lookupd};

use crate::scene::{Scene, SetOnDrop, is_settled, metric, nodes, producers};

#[test]
fn an_agent_killed_by_9_hides_none_of_its_nsqds() {
    restart(|agent| agent.kill9());
}

#[test]
fn an_agent_that_is_stopped_hides_none_of_its_nsqds() {
    restart(|agent| assert!(agent.terminate().success()));
}

fn restart(end: impl Fn(&mut Lookupd)) {
    let Some(scene) = Scene::start() else { return };
    let folder = Directory::new();
    let (Some(mut agent), Some(elsewhere)) = (scene.durable_agent(folder.path()), scene.agent()) else { return };
    let nsqds = [scene.nsqd_with(&agent, "a"), scene.nsqd_with(&agent, "b")];
    let expected = nsqds.each_ref().map(|nsqd| [nsqd.node()].to_vec());
    let is_over = AtomicBool::new(false);
    let looks = thread::scope(|scope| {
        let watched = [scene.edge.client(), elsewhere.client()];
        let (is_over, expected) = (&is_over, &expected);
        let watching = scope.spawn(move || {
            let mut looks = 0;
            while !is_over.load(Ordering::Relaxed) {
                for (topic, expected) in ["a", "b"].into_iter().zip(expected) {
                    for client in watched {
                        assert_eq!(producers(client, topic), *expected, "look {looks}");
                        looks += 1;
                    }
                }
                thread::sleep(Duration::from_millis(20));
            }
            looks
        });
        let ends = SetOnDrop(is_over);
        end(&mut agent);
        agent.restart();
        // Before any nsqd is back.
        for (topic, expected) in ["a", "b"].into_iter().zip(expected) {
            assert_eq!(nodes(&agent.client().get(format!("/lookup?topic={topic}"))), *expected);
        }
        let began = Instant::now();
        while metric(&agent, "lookupd_sessions") != "2" || !is_settled(&agent) {
            assert!(began.elapsed() < NSQD_IS_BACK, "they aren't back");
            thread::sleep(Duration::from_millis(50));
        }
        drop(ends);
        watching.join().expect("none was missed")
    });
    assert!(looks > 100, "{looks} looks");
}

/// nsqd says every 15 s that it is there. The first time it notices that nobody is, the second time it connects anew (nsqio/nsq,
/// `nsqd/lookup.go`).
const NSQD_IS_BACK: Duration = Duration::from_secs(38);
