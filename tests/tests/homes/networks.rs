//! The network between an agent and the edge fails, and is mended.

use std::time::Duration;

use lookupd_tests::{Weather, assert_becomes};

use crate::scene::{ImpatientSession, Scene, nodes, producers, within_nsqds_second};

/// In each of them an agent can rely on nothing that it hears.
const BAD: [Weather; 4] = [Weather::Cut, Weather::Swallowed, Weather::Deaf, Weather::Mute];

#[test]
fn an_agent_serves_its_nsqds_and_consumers_whatever_the_network_does() {
    let Some(scene) = Scene::start() else { return };
    let Some(agent) = scene.agent() else { return };
    let nsqd = scene.nsqd_with(&agent, "orders");
    let mut session = ImpatientSession::identified(agent.tcp(), "session.example");
    session.say("PING");
    let slow = [Weather::Slow(Duration::from_millis(200)), Weather::Slow(Duration::from_secs(1))];
    for (number, weather) in BAD.into_iter().chain(slow).enumerate() {
        scene.network.set(weather);
        let topic = format!("during-{number}");
        session.say(&format!("REGISTER {topic} c"));
        assert_eq!(agent.producers(&topic), ["session.example:4151"], "{weather:?}");
        // The real one, too, is served.
        scene.nsq.publish(&nsqd, &topic, &["1"]);
        let lookup = || within_nsqds_second(|| agent.client().get("/lookup?topic=orders"));
        let is_stale = || lookup().header("X-Lookupd-Stale") == Some("true");
        let both = || nodes(&agent.client().get(format!("/lookup?topic={topic}"))).len();
        assert_becomes(both, 2);
        assert_eq!(nodes(&lookup()), [nsqd.node()], "{weather:?}");
        if BAD.contains(&weather) {
            assert_becomes(is_stale, true);
        }
        if matches!(weather, Weather::Cut | Weather::Swallowed | Weather::Mute) {
            assert_eq!(producers(scene.edge.client(), &topic), [""; 0], "nothing gets through: {weather:?}");
        }
        session.say("PING");
        session.say("UNREGISTER orders");

        scene.network.set(Weather::Fair);
        // All that was said here, and nothing else, is there.
        for topic in ["orders", &topic] {
            let expected = agent.producers(topic);
            assert_becomes(|| producers(scene.edge.client(), topic), expected);
        }
        assert_becomes(is_stale, false);
        session.say(&format!("UNREGISTER {topic}"));
        assert_becomes(|| producers(scene.edge.client(), &topic), [nsqd.node()]);
    }
}
