//! A tombstone that is asked for at the edge and finished by the agent beside the nsqd.

use lookupd_tests::{Lookupd, assert_becomes, completions};

use crate::scene::{Scene, producers};

#[test]
fn a_topic_is_tombstoned_at_the_edge_and_deleted_at_the_nsqd() {
    let Some(scene) = Scene::start() else { return };
    let Some(willing) = Lookupd::agent(&["-upstream", &scene.network.url(), "-complete-tombstones"]) else { return };
    let Some(other) = scene.agent() else { return };
    let (a, b) = (scene.nsqd_with(&willing, "orders"), scene.nsqd_with(&other, "clicks"));
    // It is asked at an agent, too, by whoever asks there.
    for (client, nsqd, topic) in [(scene.edge.client(), &a, "orders"), (willing.client(), &b, "clicks")] {
        let answer = client.post(format!("/topic/tombstone?topic={topic}&node={}&complete=true", nsqd.node()));
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(producers(scene.edge.client(), topic), [""; 0]);
    }
    let problem = "the agent that it is connected to was started without --complete-tombstones".to_owned();
    let mut expected = [(format!("{} orders", a.node()), None), (format!("{} clicks", b.node()), Some(problem))];
    expected.sort();
    let ended = || {
        let mut ended = completions(scene.edge.client());
        ended.sort();
        ended
    };
    assert_becomes(ended, expected);
    assert_eq!(a.topic("orders"), None);
    assert_eq!(b.topic("clicks").expect("it stays")["depth"], 1);
    // The nsqd says that it serves it no longer, and nobody needs the tombstone.
    let nodes = || scene.edge.client().get("/nodes").text();
    assert_becomes(|| nodes().contains("orders"), false);
    assert!(nodes().contains("clicks"), "{}", nodes());
}
